import type { Understood } from "@countersign/api";
import { isId } from "@countersign/core";
import { LIMITS, tileAt, tilePath } from "@countersign/ledger";
import type { Kernel } from "../kernel.ts";
import { Names } from "../names.ts";
import type { EntryQuery } from "../store/index.ts";
import type { Ledger } from "./ledger.ts";

const HASH_BYTES = 32;
/** Tiles that are looked through for a hash: the newest million entries. */
const MOST_TILES = 4096;
const TILES_AT_ONCE = 32;
/** People, agents and devices whose names are compared. */
const MOST_NAMES = 500;

/** What a search text means, and the entries that it asks for; null: none can be. */
export interface Search {
  readonly understood: Understood;
  readonly query: Omit<EntryQuery, "limit"> | null;
}

const RECORDS = {
  apr: "approval",
  brk: "brake",
  pol: "policy",
  ses: "session",
  inv: "invite",
  mdt: "mandate",
} as const;

/** Reads anything that a person may paste: an id, an index, a hash of an entry, a name, a resource. */
export async function readSearch(kernel: Kernel, ledger: Ledger, text: string): Promise<Search> {
  const value = text.trim();
  if (value === "") return { understood: { as: "nothing", value, name: null }, query: {} };
  if (/^[0-9]{1,15}$/.test(value)) return found({ as: "index", value }, { from: Number(value) });
  const hash = hashOf(value);
  if (hash !== null) return await byHash(ledger, value, hash);
  return (await byId(kernel, value)) ?? (await byName(kernel, value)) ?? byResource(value);
}

type Meaning = Pick<Understood, "as" | "value"> & { readonly name?: string | null };

function found({ as, value, name = null }: Meaning, query: Search["query"]): Search {
  return { understood: { as, value, name }, query };
}

/** 64 hexadecimal digits, or base64 of 32 bytes in either alphabet. */
function hashOf(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === HASH_BYTES ? bytes : null;
}

/** The lowest level of the published tree holds the hash of every entry in its place. */
async function byHash(ledger: Ledger, value: string, hash: Buffer): Promise<Search> {
  const { size } = ledger.published();
  const last = Math.ceil(size / LIMITS.tileWidth) - 1;
  const lookIn = async (index: number): Promise<number | null> => {
    const bytes = await ledger.directory.read(tilePath(tileAt(size, 0, index)));
    const place = bytes === null ? null : placeIn(Buffer.from(bytes), hash);
    return place === null ? null : index * LIMITS.tileWidth + place;
  };
  for (let end = last; end >= 0 && end > last - MOST_TILES; end -= TILES_AT_ONCE) {
    const indexes = Array.from({ length: Math.min(TILES_AT_ONCE, end + 1) }, (_, i) => end - i);
    const index = (await Promise.all(indexes.map(lookIn))).find((place) => place !== null);
    if (index !== undefined && index !== null) return found({ as: "hash", value }, { from: index });
  }
  return found({ as: "hash", value }, null);
}

function placeIn(tile: Buffer, hash: Buffer): number | null {
  for (let at = tile.indexOf(hash); at !== -1; at = tile.indexOf(hash, at + 1))
    if (at % HASH_BYTES === 0) return at / HASH_BYTES;
  return null;
}

async function byId(kernel: Kernel, value: string): Promise<Search | null> {
  const name = await new Names(kernel).of(value);
  if (isId("tsk", value)) return found({ as: "task", value, name }, { task: value });
  if (isId("agt", value)) return found({ as: "agent", value, name }, { agent: value });
  if (isId("hum", value)) return found({ as: "human", value, name }, { human: value });
  if (isId("dev", value)) return found({ as: "device", value, name }, { device: value });
  if (isId("int", value)) return found({ as: "id", value }, { intent: value });
  if (isId("ent", value)) {
    const entry = await kernel.store.entry(value);
    return found({ as: "id", value }, entry === null ? null : { from: entry.index });
  }
  const kind = Object.entries(RECORDS).find(([prefix]) => isId(prefix as keyof typeof RECORDS, value))?.[1];
  return kind === undefined ? null : found({ as: "record", value }, { record: { kind, id: value } });
}

/** A whole name of an agent, a person or a device, in any case; else the beginning of one. */
async function byName(kernel: Kernel, value: string): Promise<Search | null> {
  const { store, keys } = kernel;
  const [agents, humans, devices] = await Promise.all([
    store.find("agent", { limit: MOST_NAMES }),
    store.find("human", { limit: MOST_NAMES }),
    store.find("device", { limit: MOST_NAMES }),
  ]);
  const sealed = [
    ...humans.map((human) => ({ as: "human" as const, record: human })),
    ...devices.map((device) => ({ as: "device" as const, record: device })),
  ];
  const named = [
    ...agents.map(({ id, terms }) => ({ as: "agent" as const, id, name: terms.name })),
    ...(await Promise.all(
      sealed.map(async ({ as, record }) => ({
        as,
        id: record.id,
        name: (await keys.openText(record.terms.name)) ?? "",
      })),
    )),
  ];
  const wanted = value.toLowerCase();
  const hit =
    named.findLast(({ name }) => name.toLowerCase() === wanted) ??
    named.findLast(({ name }) => wanted.length >= 2 && name.toLowerCase().startsWith(wanted));
  if (hit === undefined) return null;
  return found({ as: hit.as, value: hit.id, name: hit.name }, { [hit.as]: hit.id });
}

/** A resource or a pattern as it stands; anything else is looked for within the names of resources. */
function byResource(value: string): Search {
  const resource = /[:*]/.test(value) ? value : `**${value}**`;
  return found({ as: "resource", value: resource }, { resource });
}
