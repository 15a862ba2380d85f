import type { StopProgress } from "../views.ts";
import { localTimes, need, run, textIn } from "./elements.mts";
import { call } from "./http.mts";
import { pageNow, replacePart, whileVisible } from "./live.mts";
import { start } from "./start.mts";
import { disposed, HOW } from "./words.ts";

interface Stop {
  readonly kind: "freeze" | "sever";
  readonly scope: { readonly type: string; readonly value: string };
  readonly reason: string;
}

/** The parts of the page as the server sent them. */
const sentByServer = new WeakMap<Element, string>();

/** Freeze, sever and thaw. What is shown of a stop is only what the server has confirmed. */
start(() => {
  const dialog = need("sever-dialog") as HTMLDialogElement;
  onSubmit("freeze", (reason) => stop("freeze-now", { kind: "freeze", scope: { type: "all", value: "*" }, reason }));
  onSubmit("sever", (reason) => {
    dialog.close();
    stop("sever-now", { kind: "sever", scope: { type: "task", value: dialog.dataset["task"] ?? "" }, reason });
  });
  need("sever-cancel").addEventListener("click", () => dialog.close());
  document.addEventListener("click", ({ target }) => {
    const control = (target as Element).closest<HTMLElement>("[data-sever],[data-thaw]");
    if (control?.dataset["thaw"] !== undefined) thaw(control, control.dataset["thaw"]);
    else if (control !== null) {
      dialog.dataset["task"] = control.dataset["sever"] ?? "";
      const what = control.closest("li")?.firstElementChild?.cloneNode(true);
      need("sever-what").replaceChildren(what ?? "");
      dialog.showModal();
    }
  });
  remember(document);
  whileVisible(5, refresh);
});

/** Runs `flow` with the reason that was given; without one it says so beside the field. */
function onSubmit(form: string, flow: (reason: string) => void): void {
  need(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = textIn(`${form}-reason`);
    const missing = reason === "";
    need(`${form}-reason`).toggleAttribute("aria-invalid", missing);
    need(`${form}-missing`).hidden = !missing;
    if (missing) need(`${form}-reason`).focus();
    else flow(reason);
  });
}

function thaw(control: HTMLElement, brake: string): void {
  run(control, "The brake stays.", async () => {
    const { approvalId } = await call<{ approvalId: string }>("POST", `/v1/brakes/${brake}/thaw`);
    location.assign(`/approve/${approvalId}`);
  });
}

function stop(control: string, body: Stop): void {
  run(need(control), "No stop is confirmed.", async () => {
    need("progress").hidden = false;
    need("progress").scrollIntoView({ block: "nearest" });
    showStep("requested", new Date().toISOString());
    showPoints([]);
    let progress = await call<StopProgress>("POST", "/v1/brakes", body);
    while (progress.state !== "stopped") {
      showPoints(progress.points ?? []);
      await new Promise((resolve) => setTimeout(resolve, 300));
      progress = await call<StopProgress>("GET", `/v1/brakes/${progress.id}`);
    }
    showPoints(progress.points ?? []);
    showStep("stopped", progress.settledAt ?? "");
    await refresh();
  });
}

function showStep(step: "requested" | "stopped", at: string): void {
  need(`step-${step}`).dataset["done"] = "";
  fill(need(`step-${step}`), timeElement(at));
}

/** Points that have confirmed; the others of the list still wait. */
function showPoints(points: NonNullable<StopProgress["points"]>): void {
  const list = need("points");
  for (const { id, name, how, at, inFlight } of points) {
    const line = list.querySelector<HTMLElement>(`[data-point="${CSS.escape(id)}"]`) ?? document.createElement("li");
    if (!line.isConnected) {
      line.append(`${name} `, document.createElement("span"));
      line.dataset["point"] = id;
      list.append(line);
    }
    line.dataset["done"] = "";
    fill(line, `${HOW[how] ?? how} `, timeElement(at), disposed(inFlight));
  }
  const all = list.children.length;
  need("step-confirmed").toggleAttribute("data-done", points.length > 0 && points.length === all);
  fill(need("step-confirmed"), `${points.length} of ${all}`);
}

function fill(line: HTMLElement, ...content: (Node | string)[]): void {
  line.querySelector("span")?.replaceChildren(...content);
  localTimes(line);
}

function timeElement(at: string): HTMLTimeElement {
  const time = document.createElement("time");
  time.dateTime = at;
  time.textContent = at;
  return time;
}

/** Before times are made local. */
function remember(root: ParentNode): void {
  for (const part of root.querySelectorAll("[data-live]")) sentByServer.set(part, part.outerHTML);
}

/** Brings the lists up to date, but not one in which the reader is at work. */
async function refresh(): Promise<boolean> {
  const fresh = await pageNow();
  if (fresh === null || fresh.body.dataset["page"] !== document.body.dataset["page"]) return true;
  document.title = fresh.title;
  remember(fresh);
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    const same = next === null || sentByServer.get(next) === sentByServer.get(part);
    if (!same && !part.contains(document.activeElement)) replacePart(part, next);
  }
  return true;
}
