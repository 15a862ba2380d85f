import { explain } from "./explain.ts";

export function byId(id: string): HTMLElement | null {
  return document.getElementById(id);
}

/** An element that the server put on this page. */
export function need(id: string): HTMLElement {
  const found = byId(id);
  if (found === null) throw new TypeError(`the page lacks ${id}, load it again`);
  return found;
}

/** Text of an input; never undefined. */
export function textIn(id: string): string {
  return (need(id) as HTMLInputElement).value.trim();
}

/** What a flow does now (announced politely), or what went wrong (announced at once). */
export function say(text: string, isError = false): void {
  byId("status")?.replaceChildren(isError ? "" : text);
  byId("error")?.replaceChildren(isError ? text : "");
  if (isError) byId("error")?.scrollIntoView({ block: "nearest" });
}

/** Runs one flow from a control: the control is busy meanwhile, a failure is explained in place. `nothing` says what did not happen. */
export function run(control: Element, nothing: string, flow: () => Promise<void>): void {
  if (control.hasAttribute("aria-disabled")) return;
  control.setAttribute("aria-disabled", "true");
  say("");
  flow()
    .catch((error: unknown) => {
      const { text, signIn } = explain(error, nothing);
      say(text, true);
      if (!signIn) return;
      const link = document.createElement("a");
      link.textContent = "Sign in again";
      link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
      byId("error")?.append(" ", link);
    })
    .finally(() => control.removeAttribute("aria-disabled"));
}

/** Times in the reader's own zone; the exact time stays in the title. */
export function localTimes(root: ParentNode): void {
  for (const time of root.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const today = date.toDateString() === new Date().toDateString();
    time.title = time.dateTime;
    time.textContent = date.toLocaleString(
      [],
      today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" },
    );
  }
}
