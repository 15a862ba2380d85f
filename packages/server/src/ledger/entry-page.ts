import type { EntryPage, EntryView } from "@countersign/api";
import {
  AppError,
  type EntryId,
  type EntryKind,
  type Kind,
  type LedgerEntry,
  type Sealed,
  isJsonObject,
} from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import { Names } from "../names.ts";
import type { EntryQuery } from "../store/index.ts";
import type { Ledger } from "./ledger.ts";
import { readSearch } from "./search.ts";

export interface EntriesQuery {
  readonly from?: number | undefined;
  /** Only entries before this index: where `reverse=1` goes on. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly reverse?: "1" | undefined;
  readonly kind?: EntryKind | undefined;
  readonly task?: string | undefined;
  readonly agent?: string | undefined;
  readonly human?: string | undefined;
  readonly device?: string | undefined;
  readonly resource?: string | undefined;
  /** `kind:id` */
  readonly record?: string | undefined;
  /** Anything that a person may paste. */
  readonly q?: string | undefined;
  readonly names?: "1" | undefined;
}

/** Entries in their order, or newest first; with `q`, how the text was understood. */
export async function entryPage(kernel: Kernel, ledger: Ledger, asked: EntriesQuery): Promise<EntryPage> {
  const { size } = ledger.published();
  if (asked.q === undefined) return { ...(await page(kernel, asked, {})), size };
  const { query, understood } = await readSearch(kernel, ledger, asked.q);
  if (query === null) return { entries: [], next: null, size, understood };
  return { ...(await page(kernel, asked, query)), size, understood };
}

async function page(
  kernel: Kernel,
  asked: EntriesQuery,
  query: Omit<EntryQuery, "limit">,
): Promise<Omit<EntryPage, "size">> {
  const one = query.from !== undefined;
  const limit = one ? 1 : asked.limit;
  const found = await kernel.store.entries({ ...filters(asked), ...query, limit });
  const entries = found.map(({ index, body }) => ({ index, body: body as unknown as LedgerEntry }));
  const more = !one && found.length === limit && asked.reverse === "1";
  const next = more ? String(entries.at(-1)?.index ?? 0) : null;
  if (asked.names === undefined) return { entries, next };
  return { entries, next, names: await new Names(kernel).all(entries.flatMap(({ body }) => idsIn(body))) };
}

/** One entry with the very bytes that are hashed. @throws AppError `request.not_found` */
export async function entryView(kernel: Kernel, entryId: EntryId): Promise<EntryView> {
  const entry = await kernel.store.entry(entryId);
  if (entry === null) throw new AppError("request.not_found", { detail: "the ledger has no such entry" });
  const body = entry.body as unknown as LedgerEntry;
  const names = await new Names(kernel).all(idsIn(body));
  const reason = await reasonOf(kernel, body);
  return { index: entry.index, body, leaf: Buffer.from(entry.leaf).toString("base64"), names, reason };
}

/** The ledger holds a person's words under that person's key, or not at all: they can be erased. */
async function reasonOf({ store, keys }: Kernel, { kind, cause, records = [] }: LedgerEntry): Promise<string | null> {
  if (kind === "brake") {
    const id = records.find((record) => record.kind === "brake")?.id;
    const brake = id === undefined ? null : await store.get("brake", id);
    return brake === null ? null : await opened(keys, brake.terms.reason);
  }
  const given = isJsonObject(cause) ? cause["reason"] : undefined;
  if (kind !== "approval" || given === undefined || given === null) return null;
  return await opened(keys, given as unknown as Sealed | string);
}

async function opened(keys: Kernel["keys"], words: Sealed | string): Promise<string | null> {
  return typeof words === "string" ? words : await keys.openText(words);
}

function filters({
  from,
  before,
  reverse,
  record,
  kind,
  task,
  agent,
  human,
  device,
  resource,
}: EntriesQuery): Omit<EntryQuery, "limit"> {
  const at = record?.indexOf(":") ?? 0;
  const first = before === undefined ? from : before - 1;
  return {
    ...defined({ from: first, kind, task, agent, human, device, resource }),
    ...(reverse === undefined ? {} : { reverse: true }),
    ...(record === undefined ? {} : { record: { kind: record.slice(0, at) as Kind, id: record.slice(at + 1) } }),
  };
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };
function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Ids in an entry that may have a name. */
function idsIn({ chain, point, resource, cause }: LedgerEntry): readonly string[] {
  const by = isJsonObject(cause) ? cause["by"] : null;
  const signed = isJsonObject(cause) ? cause["signed"] : null;
  const signer = isJsonObject(signed) ? signed["approver"] : null;
  const named = /^(?:[a-z]+:)?((?:hum|agt|dev|tsk)_[0-9A-Za-z]{22})$/.exec(resource ?? "")?.[1];
  return [chain.human, chain.device, chain.agent, chain.task, point, by, signer, named].filter(
    (one): one is string => typeof one === "string",
  );
}
