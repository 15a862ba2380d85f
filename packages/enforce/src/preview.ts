import { type Call, type Json, type Preview, isPreview } from "@countersign/core";
import { PREVIEW_MS } from "./action.ts";
import { previewCommitment } from "./countersigned.ts";
import type { Flow } from "./flow.ts";

const unknown = (reason: string): Preview => ({ kind: "unknown", reason });

/** What a call would do that is about to be held; undefined where it is not asked. Never rejects, and takes {@link PREVIEW_MS} at most. */
export async function previewOf<A>(
  { point, action, effector, live }: Flow<A>,
  call: Call,
): Promise<Preview | undefined> {
  // Whoever comes back for an approval is not asked anything new: what it shows stands.
  if (effector.preview === undefined || action.approval !== undefined) return undefined;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PREVIEW_MS);
  const signal = AbortSignal.any([action.signal, live.stopped.signal, late.signal]);
  const over = new Promise<Preview>((resolve) => {
    signal.addEventListener("abort", () => resolve(unknown("it could not be found out in time")), { once: true });
  });
  try {
    const preview = await Promise.race([effector.preview(call, signal), over]);
    if (preview === null) return undefined;
    return isPreview(preview) ? preview : unknown("it does more than can be shown here");
  } catch (error) {
    point.log.error({ err: error }, "no preview of a held call");
    return unknown("it could not be found out");
  } finally {
    clearTimeout(timer);
  }
}

/** What the ledger says of a preview: its commitment and how many rows, never which. */
export function previewShown(salt: string, preview: Preview): Json {
  const commitment = previewCommitment(salt, preview);
  if (preview.kind === "unknown") return { commitment, kind: preview.kind };
  const relations = preview.relations.map(({ relation, operation, count }) => ({ relation, operation, count }));
  return { commitment, kind: preview.kind, relations };
}
