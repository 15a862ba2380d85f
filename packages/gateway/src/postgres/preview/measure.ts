import { PREVIEW_LIMITS, type Preview, type RelationEffect, isPreview } from "@countersign/core";
import { type Written, effectsOf } from "./effects.ts";
import { type Images, type Sides, imagesOf } from "./images.ts";
import { type Counts, type Relation, between, countsOf, relationsOf } from "./relations.ts";
import { completeInside } from "./transaction.ts";

/** Columns of each relation, by its name, whose new values are known only at the commit. */
export type Filled = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What a statement that has just run did to every relation, cascades, triggers and deferred checks included: the deltas of the transaction's own
 * statistics, and the rows behind them. `skip`: relations of which only the counts are wanted, and why.
 */
export async function measure(
  sides: Sides,
  before: ReadonlyMap<string, Counts>,
  skip: ReadonlyMap<string, string> = new Map(),
): Promise<readonly Written[]> {
  await completeInside(sides.inside);
  const counts = between(before, await countsOf(sides.inside));
  const relations = await relationsOf(sides.inside, [...counts.keys()]);
  const written: Written[] = [];
  for (const relation of relations) {
    const own = counts.get(relation.oid) ?? { inserted: 0, updated: 0, deleted: 0 };
    written.push({ relation, counts: own, images: await seenOf(sides, relation, { counts: own, skip }) });
  }
  return written;
}

interface Wanted {
  readonly counts: Counts;
  readonly skip: ReadonlyMap<string, string>;
}
const TOO_LONG = "it takes too long to look at them";

/** A look that takes too long, or is not allowed, leaves the counts standing. */
async function seenOf(sides: Sides, relation: Relation, { counts, skip }: Wanted): Promise<Images> {
  const skipped = skip.get(relation.name);
  if (skipped !== undefined) return { before: [], after: [], unseen: skipped };
  const both = [sides.inside, sides.outside];
  for (const side of both) await side.text("SAVEPOINT countersign_look");
  try {
    return await imagesOf(sides, relation, counts);
  } catch {
    for (const side of both) await side.text("ROLLBACK TO countersign_look");
    return { before: [], after: [], unseen: TOO_LONG };
  }
}

/** What was measured as a human is shown it; as unknown when that is more than can be shown. */
export function previewFrom(written: readonly Written[], filled: Filled): Preview {
  const relations = written.flatMap((one) => effectsOf(one, filled.get(one.relation.name) ?? new Set()));
  if (relations.length > PREVIEW_LIMITS.relations)
    return { kind: "unknown", reason: `it writes to more than ${String(PREVIEW_LIMITS.relations)} relations` };
  const preview = { kind: "measured", relations } as const;
  if (isPreview(preview)) return preview;
  // Keys and sample alone can be too large; the digest is over all rows anyway.
  const bare = { kind: "measured", relations: relations.map(withoutSample) } as const;
  return isPreview(bare) ? bare : { kind: "unknown", reason: "it does more than can be shown" };
}

function withoutSample(effect: RelationEffect): RelationEffect {
  return { ...effect, keys: [], keyColumns: [], columns: [], sample: [] };
}
