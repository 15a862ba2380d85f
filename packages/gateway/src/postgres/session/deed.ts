import type { Call } from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import type { Verdict } from "../judge/index.ts";
import type { BindMessage } from "../wire/index.ts";
import type { ActionPlan, StatementAction } from "./statement-action.ts";

/** What a session is about to do. */
export interface Deed {
  readonly call: Call | RefusedCall;
  readonly plan: ActionPlan;
  readonly sql: string | null;
  readonly verdict: Verdict | null;
  /** With what it was bound; absent: it has no parameters. */
  readonly bound?: { readonly bind: Pick<BindMessage, "formats" | "parameters">; readonly types: readonly number[] };
}
/** `answered`, also by an error of the server; `open`: a portal waits; `refused`: the client was told, and what was open has failed; `ended`: the session has. */
export type End = "answered" | "open" | "refused" | "ended";
export type Within = "query" | "batch";

/** A deed whose action is over, or waits for the client. */
export interface Rested {
  readonly action: StatementAction;
  readonly deed: Deed;
  readonly within: Within;
  readonly wasInBlock: boolean;
}
