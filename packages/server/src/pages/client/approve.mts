import type { ApprovalOptions, ApprovalView } from "@countersign/api";
import { byId, need, run, say, textIn } from "./elements.mts";
import { gateOf, isOpen, nextLabel, showNext } from "./gate.ts";
import { call, refusal } from "./http.mts";
import { pageNow, replacePart, whileVisible } from "./live.mts";
import { passkeysWork, usePasskey } from "./passkey.mts";
import { readBack } from "./read-back.ts";
import { start } from "./start.mts";
import { timeLeft } from "./time-left.ts";
import { whyNotSign } from "./why-not-sign.ts";

start(() => {
  if (byId("display") === null) return;
  countDown(need("approval"));
  whileVisible(2, async () => {
    if (byId("outcome") !== null) return false;
    const { state } = await call<ApprovalView>("GET", path());
    return state === "pending" ? true : await showOutcome(state);
  });
  if (byId("approve") === null || !passkeysWork()) return;
  partByPart();
  const sign = (button: string, decision: "approve" | "deny"): void =>
    run(need(button), "Nothing was signed.", () => answer(decision));
  need("approve").addEventListener("click", () => sign("approve", "approve"));
  need("deny").addEventListener("click", () => {
    need("denial").hidden = false;
    need("reason").focus();
  });
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
  const { signed, publicKey } = await call<ApprovalOptions>("POST", `${path()}/options`, { decision, scope: "once" });
  const places = [...document.querySelectorAll<HTMLElement>("[data-from]")];
  const why = await whyNotSign({
    signed: { ...signed },
    challenge: publicKey.challenge,
    display: readBack(
      need("display").textContent,
      places.map((place) => [place.dataset["from"] ?? "", place.textContent]),
    ),
    decision,
    approver: need("approval").dataset["human"] ?? "",
    origin: location.origin,
  });
  if (why !== null)
    throw refusal({ title: `${why} Load this page again; if it stays so, tell whoever runs this server` });
  say("Waiting for your passkey.");
  const response = await usePasskey(publicKey as unknown as PublicKeyCredentialRequestOptionsJSON);
  const reason = decision === "deny" ? textIn("reason") : "";
  await call("POST", `${path()}/assertion`, { decision, scope: "once", response, ...(reason && { reason }) });
  await showOutcome(decision === "approve" ? "approved" : "denied");
}

/** The state has changed: shows what the server now says of it, or at least the state, and moves the reader there. */
async function showOutcome(state: string): Promise<false> {
  const fresh = await pageNow();
  const next = fresh?.getElementById("approval");
  if (fresh && next) {
    document.title = fresh.title;
    replacePart(need("approval"), next);
  } else {
    need("state").className = `state ${state}`;
    need("state").textContent = state.charAt(0).toUpperCase() + state.slice(1);
    need("state").tabIndex = -1;
    need("state").id = "outcome";
    document.querySelector("[data-needs-passkey]")?.remove();
  }
  need("outcome").focus();
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
