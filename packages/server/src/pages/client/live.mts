import { localTimes } from "./elements.mts";

/** The page as the server renders it now; null when it cannot be had. XMLHttpRequest parses without running anything. */
export function pageNow(): Promise<Document | null> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 10_000;
    request.addEventListener("loadend", () => resolve(request.status === 200 ? request.responseXML : null));
    request.send();
  });
}

/** Runs `step` every `seconds` while the page is visible, until it resolves to false; a failed step is only tried again. */
export function whileVisible(seconds: number, step: () => Promise<boolean>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let done = false;
  const tick = (): void => {
    clearTimeout(timer);
    if (document.hidden || done) return;
    step()
      .catch(() => true)
      .then((again) => {
        done = !again;
        wait();
      }, wait);
  };
  const wait = (): void => {
    clearTimeout(timer);
    if (!done) timer = setTimeout(tick, seconds * 1000);
  };
  document.addEventListener("visibilitychange", tick);
  wait();
}

/** Puts a part of a freshly rendered page in the place of an old one. */
export function replacePart(old: Element, next: Element): void {
  old.replaceWith(next);
  localTimes(next);
}
