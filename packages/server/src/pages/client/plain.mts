import { start } from "./start.mts";

start(() => {
  const seconds = Number(document.body.dataset["refresh"]);
  if (seconds > 0) setTimeout(() => location.reload(), seconds * 1000);
});
