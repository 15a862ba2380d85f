import type { ApprovalView, Named } from "@countersign/api";

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
  /** What the person is probably called; empty when nobody knows. */
  readonly name: string;
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
  /** Where a phone finds what the person came for; null when it is reached on this machine alone. */
  readonly phoneUrl: string | null;
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
  /** Instead of `approval`: why what it asks for cannot be put in force any more. */
  readonly changed?: string;
  /** Whether the person who is signed in may answer. */
  readonly mayAnswer: boolean;
  /** Who may answer, in words. */
  readonly approver: string;
  /** How it ended; null while pending. */
  readonly outcome: ApprovalOutcome | null;
  /** This page's address where a phone reaches it; null when it is reached on this machine alone. */
  readonly phoneUrl: string | null;
}
export interface ApprovalOutcome {
  readonly at: string;
  /** Name of the person who answered, if one did. */
  readonly by: string | null;
  /** The reason given, or what made it void. */
  readonly cause: string | null;
}

/** A page that cannot be had, for a person: what is wrong and what to do. */
export interface ProblemView {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly remedy: NextStep | null;
}
