import type { EntryDraft, RecordRequest } from "../control-plane.ts";

/**
 * Whether a point may make this entry durable on its own machine (design 8): the intent of a read that uses no approval, the outcome of
 * anything, and a refusal. An intent with any other effect is durable only when the control plane has acknowledged it (INV-6).
 */
export function maySpool(draft: EntryDraft): boolean {
  if (draft.approval !== undefined) return false;
  switch (draft.kind) {
    case "action.intent":
      return draft.effect === "read" && draft.decision?.result === "permit" && draft.intent !== undefined;
    case "action.outcome":
      return draft.intent !== undefined && draft.outcome !== undefined;
    case "decision":
      return draft.decision?.result === "deny" && draft.intent === undefined;
    case "approval":
    case "brake":
    case "task":
    case "mandate":
    case "identity":
    case "device":
    case "policy":
    case "upstream":
    case "detection":
    case "admin":
    case "key":
      return false;
    default:
      return draft.kind satisfies never;
  }
}

/** Where a request becomes durable. `either`: the outcome of what the control plane knows, and if it does not answer, here. */
export function wayOf({ entries, guard, consume }: RecordRequest): "spool" | "either" | "control-plane" {
  if (guard !== undefined || consume !== undefined || !entries.every(maySpool)) return "control-plane";
  const elsewhere = entries.every(({ kind, effect }) => kind === "action.outcome" && effect !== "read");
  if (elsewhere) return "either";
  return entries.some(({ kind, effect }) => kind === "action.outcome" && effect !== "read") ? "control-plane" : "spool";
}
