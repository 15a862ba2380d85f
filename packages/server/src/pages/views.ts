import type { ApprovalView, Named } from "@countersign/api";
import type { BrakeScope } from "@countersign/core";

/** One thing to do next: what for, and the exact command. */
export interface NextStep {
  readonly text: string;
  readonly command: string;
}

/** `/setup?token=…`: the first human. */
export interface SetupView {
  /** `closed`: the link is used, has ended, or a human exists. */
  readonly state: "open" | "closed";
  readonly token: string;
  /** What makes another way in when the link is closed. */
  readonly remedy: NextStep;
  /** What to do after the passkey is made. */
  readonly next: readonly NextStep[];
}

/** `/invite?token=…`: a later human; stays pending until an administrator signs. */
export interface InviteView {
  readonly state: "open" | "closed";
  readonly token: string;
  readonly roles: readonly string[];
  readonly remedy: NextStep;
}

/** `/sign-in[?next=…]`. */
export interface SignInView {
  /** The raw `next` parameter; anything but a path of this site becomes `/`. */
  readonly next: string | null;
  readonly signedIn: Named | null;
}

/** `/approve/{id}`. */
export interface ApprovalPageView {
  readonly id: string;
  /** The server's clock, RFC 3339: the countdown follows it. */
  readonly now: string;
  /** Null: the page shows nothing but the way to sign in. */
  readonly signedIn: Named | null;
  /** Null: there is no such approval, or this person may not see it. */
  readonly approval: ApprovalView | null;
  /** Instead of `approval`, when it has ended and what it showed cannot be shown any more: it was erased, or it is done. */
  readonly ended?: { readonly state: ApprovalView["state"]; readonly action: string };
  /** Whether the person who is signed in may answer. */
  readonly mayAnswer: boolean;
  /** Who may answer, in words. */
  readonly approver: string;
  /** How it ended; null while pending. */
  readonly outcome: ApprovalOutcome | null;
}
export interface ApprovalOutcome {
  readonly at: string;
  /** Name of the person who answered, if one did. */
  readonly by: string | null;
  /** The reason given, or what made it void. */
  readonly cause: string | null;
}

export interface BrakeRow {
  readonly id: string;
  readonly kind: "freeze" | "sever";
  readonly scope: BrakeScope;
  /** Name of what the scope's id stands for. */
  readonly scopeName: string | null;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** A thaw that waits for its signature already. */
  readonly thawApproval: string | null;
}
export interface TaskRow {
  readonly id: string;
  readonly purpose: string;
  readonly human: Named;
  readonly device: Named;
  readonly agent: Named;
  readonly openedAt: string;
  readonly expiresAt: string;
}
/** `/`. */
export interface OverviewView {
  readonly signedIn: Named & { readonly roles: readonly string[] };
  readonly now: string;
  readonly approvals: readonly ApprovalView[];
  /** Active brakes. */
  readonly brakes: readonly BrakeRow[];
  /** Live tasks. */
  readonly tasks: readonly TaskRow[];
  /** Enforcement points that a stop will wait for. */
  readonly points: readonly Named[];
  /** Commands, when something that is needed is not registered yet. */
  readonly next: readonly NextStep[];
}

/** A page that cannot be had, for a person: what is wrong and what to do. */
export interface ProblemView {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly remedy: NextStep | null;
}

/** Answer of `POST /v1/brakes` and `GET /v1/brakes/{id}` as the overview reads it. `points` are those that have confirmed so far. */
export interface StopProgress {
  readonly id: string;
  readonly state: "stopping" | "stopped";
  readonly settledAt?: string;
  readonly points?: readonly {
    readonly id: string;
    readonly name: string;
    readonly how: "acknowledged" | "lease_expired";
    readonly at: string;
    readonly inFlight: readonly { readonly intent: string; readonly disposition: string }[];
  }[];
}
