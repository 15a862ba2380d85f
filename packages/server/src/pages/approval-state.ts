import type { ApprovalDisplay, ApprovalView } from "@countersign/api";
import { html, type Html } from "./html.ts";
import { icon } from "./icons.ts";
import { time } from "./layout.ts";
import { shownText } from "./shown-text.ts";
import type { ApprovalPageView } from "./views.ts";

type State = ApprovalView["state"];
const STATES: Readonly<Record<State, readonly [word: string, sentence: string]>> = {
  pending: ["Waits", ""],
  approved: ["Approved", "It is signed. The exact call may run once, until it expires."],
  denied: ["Denied", "Nothing was done, and this will not run."],
  expired: ["Expired", "Nobody answered in time. Nothing was done."],
  consumed: ["Used", "It was approved and has run, once. It cannot run again."],
  void: [
    "Withdrawn",
    "It cannot be signed or used any more, because what it rested on has ended. Nothing was done under it.",
  ],
};
const IN_FORCE = ["Approved", "It is signed and in force."] as const;
const FOR_TASK: Partial<typeof STATES> = {
  approved: [
    "Approved",
    "It is signed for the task. Calls that it covers may run until its time or its uses are over.",
  ],
  consumed: ["Used", "All uses that were signed are used. The next call is held again."],
};

/** Of what the state is told: a call, several calls of a task, or a change. */
export interface Ended {
  readonly state: State;
  readonly subject: ApprovalDisplay["subject"];
  readonly forTask: boolean;
}

/** The state in words: of a call that may run, or of a change that is in force. */
export function words({ state, subject, forTask }: Ended): readonly [word: string, sentence: string] {
  if (subject === "change" && (state === "approved" || state === "consumed")) return IN_FORCE;
  return (forTask ? FOR_TASK[state] : undefined) ?? STATES[state];
}

/** What waits, and how long still. */
export function pendingLine(view: ApprovalPageView, { expiresAt }: ApprovalView): Html {
  return html`<p class="state pending" id="state">
    ${icon("pending")}<b>${view.mayAnswer ? "Waits for you" : "Waits"}</b
    ><span class="left">expires in <span id="left" role="timer">…</span> · ${time(expiresAt)}</span>
  </p>`;
}

/** What happened, when, by whom and why. */
export function outcomeOf(view: ApprovalPageView, ended: Ended): Html {
  const { state } = ended;
  const [word, sentence] = words(ended);
  const { at, by, cause: why } = view.outcome ?? { at: null, by: null, cause: null };
  const used = state === "consumed" && ended.subject === "call";
  const who = by !== null && html`${used ? ", approved by" : " by"} ${shownText(by)}`;
  const when = at !== null && time(at);
  const withdrawn = state === "void" && why !== null && html`: ${shownText(why)}`;
  const cause = why !== null && state !== "void" && html`<p class="cause">“${shownText(why)}”</p>`;
  return html`<div class="state ${state}" id="outcome" tabindex="-1">
    ${icon(state)}<b>${word}${who}${withdrawn}</b><span class="left">${when}</span>
    <p>${sentence}</p>
    ${cause}
    <p class="on">You can close this page, or <a href="/approvals">see what else waits</a>.</p>
  </div>`;
}
