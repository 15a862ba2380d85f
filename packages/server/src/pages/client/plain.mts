import { whileVisible } from "./live.mts";
import { start } from "./start.mts";

/** A page that waits looks again whether there is another one here by now, and only then loads itself anew. */
start(() => {
  const seconds = Number(document.body.dataset["refresh"]);
  const heading = document.querySelector("h1");
  if (seconds === 0 || heading === null) return;
  whileVisible(seconds, async () => {
    const answer = await fetch(location.href);
    if ((await answer.text()).includes(heading.innerText)) return true;
    location.reload();
    return false;
  });
});
