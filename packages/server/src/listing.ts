import type { Kind, StateRecord } from "@countersign/core";
import { z } from "zod";
import type { Kernel } from "./kernel.ts";
import type { RecordFilter } from "./store/index.ts";

/** Most records of one page. */
const MOST = 500;

/** How every list is asked for: the newest `limit`, or those before one; newest last, or first with `reverse=1`. */
export interface ListQuery {
  readonly limit: number;
  readonly before?: string | undefined;
  readonly reverse?: "1" | undefined;
}
export const LIST_QUERY: {
  readonly limit: z.ZodDefault<z.ZodCoercedNumber>;
  readonly before: z.ZodOptional<z.ZodString>;
  readonly reverse: z.ZodOptional<z.ZodLiteral<"1">>;
} = {
  limit: z.coerce.number().int().min(1).max(MOST).default(MOST),
  before: z.string().max(128).optional(),
  reverse: z.literal("1").optional(),
};

/** One page of records, and the `before` of the next one; null on the last page. */
export async function listed<K extends Kind>(
  { store }: Pick<Kernel, "store">,
  kind: K,
  { where, query }: { readonly where: RecordFilter; readonly query: ListQuery },
): Promise<{ readonly records: readonly StateRecord<K>[]; readonly next: string | null }> {
  const before = query.before === undefined ? {} : { before: query.before };
  const found = await store.find(kind, { ...where, ...before, limit: query.limit + 1 });
  const page = found.length > query.limit ? found.slice(1) : found;
  const next = found.length > query.limit ? (page[0]?.id ?? null) : null;
  return { records: query.reverse === undefined ? page : page.toReversed(), next };
}
