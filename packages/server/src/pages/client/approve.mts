import type { ApprovalOptions, ApprovalView } from "@countersign/api";
import { byId, need, run, say, textIn } from "./elements.mts";
import { gateOf, isOpen, nextLabel, showNext } from "./gate.ts";
import { call, refusal } from "./http.mts";
import { pageNow, replacePart, whileVisible } from "./live.mts";
import { passkeysWork, usePasskey } from "./passkey.mts";
import { readBack } from "./read-back.ts";
import { chosenBound, followScope } from "./scope.mts";
import { start } from "./start.mts";
import { timeLeft } from "./time-left.ts";
import { whyNotSign } from "./why-not-sign.ts";

start(() => {
  if (byId("display") === null) return;
  countDown(need("approval"));
  whileVisible(2, async () => {
    if (byId("outcome") !== null) return false;
    const { state, progress } = await call<ApprovalView>("GET", path());
    if (state !== "pending") return await showOutcome(state);
    const count = progress.reduce((sum, { signed }) => sum + signed.length, 0);
    if (String(count) !== need("signatures").dataset["count"]) await showSignatures();
    return true;
  });
  if (byId("approve") === null || !passkeysWork()) return;
  partByPart();
  followScope();
  const sign = (button: string, decision: "approve" | "deny"): void =>
    run(need(button), "Nothing was signed.", () => answer(decision));
  need("approve").addEventListener("click", () => sign("approve", "approve"));
  const deny = (): void => {
    need("denial").hidden = false;
    need("reason").focus();
  };
  need("deny").addEventListener("click", deny);
  // The fragment names the field: a browser that follows it later than this script leaves the focus there.
  if (location.hash === "#reason") deny();
  need("denial").addEventListener("submit", (event) => {
    event.preventDefault();
    sign("deny-now", "deny");
  });
});

function path(): string {
  return `/v1/approvals/${need("approval").dataset["id"]}`;
}

function partByPart(): void {
  const parts = document.querySelectorAll<HTMLElement>(".part");
  let gate = gateOf(parts.length);
  const update = (): void => {
    need("next-part").hidden = need("unread").hidden = isOpen(gate);
    need("next-part").textContent = nextLabel(gate);
    need("approve").toggleAttribute("disabled", !isOpen(gate));
    if (isOpen(gate)) need("approve").removeAttribute("aria-describedby");
  };
  need("next-part").addEventListener("click", () => {
    const part = parts[gate.shown];
    if (part === undefined) return;
    part.hidden = false;
    part.focus();
    gate = showNext(gate);
    update();
  });
  update();
}

async function answer(decision: "approve" | "deny"): Promise<void> {
  const bound = decision === "approve" ? chosenBound() : null;
  const ask = { decision, scope: bound === null ? "once" : "task" };
  const { signed, publicKey } = await call<ApprovalOptions>("POST", `${path()}/options`, {
    ...ask,
    ...(bound && { uses: bound.uses, fixed: bound.fixed }),
  });
  const places = [...document.querySelectorAll<HTMLElement>("[data-from]")];
  const why = await whyNotSign({
    signed: { ...signed },
    challenge: publicKey.challenge,
    display: readBack(
      need("display").textContent,
      places.map((place) => [place.dataset["from"] ?? "", place.textContent]),
    ),
    decision,
    bound,
    approver: need("approval").dataset["human"] ?? "",
    origin: location.origin,
  });
  if (why !== null)
    throw refusal({ title: `${why} Load this page again; if it stays so, tell whoever runs this server` });
  say("Waiting for your passkey.");
  const response = await usePasskey(publicKey as unknown as PublicKeyCredentialRequestOptionsJSON);
  const reason = decision === "deny" ? textIn("reason") : "";
  const answered = { ...ask, response, ...(reason && { reason }) };
  const { state } = await call<Pick<ApprovalView, "state">>("POST", `${path()}/assertion`, answered);
  await showOutcome(state);
}

/** Another person has signed: who still must, and what they chose, changes under the reader; nothing else does. */
async function showSignatures(): Promise<void> {
  const fresh = await pageNow();
  for (const id of ["signatures", "choice"]) {
    const next = fresh?.getElementById(id);
    if (next) byId(id)?.replaceWith(next);
  }
}

/** The state has changed: shows what the server now says of it, or at least the state, and moves the reader there. */
async function showOutcome(state: string): Promise<false> {
  const fresh = await pageNow();
  const next = fresh?.getElementById("approval");
  if (fresh && next) {
    document.title = fresh.title;
    replacePart(need("approval"), next);
    if (state === "pending") countDown(need("approval"));
  } else {
    need("state").className = `state ${state}`;
    need("state").textContent = state.charAt(0).toUpperCase() + state.slice(1);
    need("state").tabIndex = -1;
    need("state").id = "outcome";
    document.querySelector("[data-needs-passkey]")?.remove();
  }
  (byId("outcome") ?? need("signatures")).focus();
  return false;
}

function countDown(page: HTMLElement): void {
  const { expires, now } = page.dataset;
  // The server's clock counts: a phone may be minutes off.
  const skew = Date.parse(now ?? "") - Date.now();
  const left = need("left");
  const show = (): void => {
    const seconds = Math.max(0, Math.ceil((Date.parse(expires ?? "") - Date.now() - skew) / 1000));
    left.textContent = timeLeft(seconds);
    left.classList.toggle("soon", seconds < 60);
    if (seconds === 0 || !page.isConnected) clearInterval(timer);
  };
  const timer = setInterval(show, 1000);
  show();
}
