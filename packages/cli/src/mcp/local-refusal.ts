import { AppError, type Code, codeRow, STEPS, type Step } from "@countersign/core";

/** A refusal that the shim itself makes because no call can reach a gateway: the object `D` of the outside surface, unrecorded. */
export interface LocalRefusal {
  readonly decision: "deny";
  readonly step: Step;
  readonly code: Code;
  readonly reason: string;
  readonly policyIds: readonly [];
  readonly approval?: string;
  /** The page on which a person signs in. */
  readonly approvalUrl?: string;
  readonly entry: null;
}
export interface SignInLink {
  readonly approvalId: string;
  readonly url: string;
}

/** Makes a refusal from what went wrong. A code whose first part names no step counts for the task that could not be opened. */
export function refusalOf(error: AppError, link: SignInLink | null = null): LocalRefusal {
  const { code } = error;
  const named = STEPS.find((step) => code.startsWith(`${step}.`));
  const signIn = link === null ? {} : { approval: link.approvalId, approvalUrl: link.url };
  return {
    decision: "deny",
    step: named ?? "task",
    code,
    reason: error.detail ?? codeRow(code).title,
    policyIds: [],
    ...signIn,
    entry: null,
  };
}

/** What the agent is told in words: the code, the reason, what its user does next. */
export function refusalWords({ code, reason, approvalUrl }: LocalRefusal): string {
  const next =
    approvalUrl === undefined
      ? (NEXT[code] ?? "Tell your user; nothing that you do changes this.")
      : `Ask your user to open this page and sign in with their passkey, then call again: ${approvalUrl}`;
  return `DENIED ${code}: ${/[.!?]$/.test(reason) ? reason : `${reason}.`} Nothing was done. ${next}`;
}

const NEXT: Readonly<Partial<Record<Code, string>>> = {
  "task.no_human":
    "Ask your user: somebody signs in with `countersign login`, or, for work under a mandate, its owner signs a new one.",
  "task.ended": "Ask your user to start this client again, which opens a new task.",
  "server.unreachable": "Ask your user to start the control plane (`countersign up`), then call again.",
  "brake.frozen": "A human stopped this: do not try again and do not try another way; tell your user.",
  "brake.severed": "A human stopped this: do not try again and do not try another way; tell your user.",
  "request.not_found": "Ask your user to correct the command that starts this server.",
  "request.conflict": "Ask your user to correct the command that starts this server.",
  "device.stale": "Ask your user to run `countersign status` on this machine.",
  "device.unhealthy": "Ask your user to run `countersign status` on this machine.",
};
