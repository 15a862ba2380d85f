import { byId, localTimes, run } from "./elements.mts";
import { call } from "./http.mts";

/** What every page can do, then its own flow. */
export function start(flow: () => void): void {
  document.addEventListener("click", ({ target }) => {
    const control = (target as Element).closest<HTMLElement>("[data-copy]");
    if (control === null) return;
    navigator.clipboard.writeText(control.dataset["copy"] ?? "").then(
      () => control.replaceChildren("Copied"),
      () => control.replaceChildren("Copy by hand"),
    );
  });
  const signOut = byId("sign-out");
  signOut?.addEventListener("click", () => {
    run(signOut, "You are still signed in.", async () => {
      await call("DELETE", "/v1/session");
      location.assign("/sign-in");
    });
  });
  flow();
  localTimes(document);
}
