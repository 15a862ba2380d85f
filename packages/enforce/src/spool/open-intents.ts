import { type IntentId, type Json, type JsonObject, NO_CHAIN, isJsonObject, severalOf } from "@countersign/core";
import type { EntryDraft } from "../control-plane.ts";
import { readDraft } from "./draft-form.ts";

/** What the outcome of an intent repeats of it. */
export type OpenIntent = Pick<EntryDraft, "chain" | "agentProof" | "action" | "resource" | "resources" | "effect"> & {
  readonly intent: IntentId;
};

/** The intents of a spool that have no outcome yet: should this process die, the next one says that it does not know how they ended. */
export class OpenIntents {
  private readonly open = new Map<IntentId, OpenIntent>();

  see(entries: readonly EntryDraft[]): void {
    for (const draft of entries) {
      if (draft.intent === undefined) continue;
      if (draft.kind === "action.intent") this.open.set(draft.intent, openIntent(draft, draft.intent));
      else if (draft.kind === "action.outcome") this.open.delete(draft.intent);
    }
  }

  add(open: readonly OpenIntent[]): void {
    for (const intent of open) this.open.set(intent.intent, intent);
  }

  all(): readonly OpenIntent[] {
    return [...this.open.values()];
  }
}

/** INV-6: the outcome `unknown` of an intent that a crash cut off. Nothing is sent again. */
export function unknownOutcome(open: OpenIntent, made: Pick<EntryDraft, "id" | "time">): EntryDraft {
  return {
    ...made,
    ...open,
    kind: "action.outcome",
    argsCommitment: null,
    argsShown: null,
    decision: null,
    posture: null,
    risk: null,
    outcome: { status: "unknown", resultCommitment: null, bytes: 0 },
    cause: { recovered: true },
  };
}

/** Null when it is anything else than a list of open intents. Never throws. */
export function readOpenIntents(value: Json | undefined): readonly OpenIntent[] | null {
  if (!Array.isArray(value)) return null;
  const open = value.map((item) => readOpenIntent(item as Json));
  return open.includes(null) ? null : (open as readonly OpenIntent[]);
}

function readOpenIntent(value: Json): OpenIntent | null {
  if (!isJsonObject(value)) return null;
  const draft = readDraft({ ...EMPTY, ...value });
  return draft?.intent === undefined ? null : openIntent(draft, draft.intent);
}

function openIntent(draft: EntryDraft, intent: IntentId): OpenIntent {
  const { chain, agentProof, action, resource, effect } = draft;
  return { intent, chain, agentProof, action, resource, ...severalOf(draft), effect };
}

const EMPTY: JsonObject = {
  id: `ent_${"0".repeat(22)}`,
  time: "1970-01-01T00:00:00.000Z",
  kind: "action.intent",
  chain: { ...NO_CHAIN },
  argsCommitment: null,
  argsShown: null,
  decision: null,
  posture: null,
  risk: null,
};
