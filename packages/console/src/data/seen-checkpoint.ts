import { parseJson } from "@countersign/core";

/** The newest checkpoint that this browser has verified, and the key under which it did. */
export interface SeenCheckpoint {
  readonly vkey: string;
  readonly size: number;
  /** base64 */
  readonly root: string;
  /** RFC 3339: when it was seen. */
  readonly at: string;
}

const KEY = "countersign.checkpoint";
const LIMITS = { sizeBytes: 4096, depth: 2 } as const;

/** What is remembered; null when nothing is, or nothing that can be read. */
export function seenCheckpoint(storage: Pick<Storage, "getItem">): SeenCheckpoint | null {
  const parsed = parseJson(storage.getItem(KEY) ?? "", LIMITS);
  if (!parsed.ok || typeof parsed.value !== "object" || parsed.value === null) return null;
  const { vkey, size, root, at } = parsed.value as Readonly<Record<string, unknown>>;
  const known = typeof vkey === "string" && typeof root === "string" && typeof at === "string";
  return known && Number.isSafeInteger(size) ? { vkey, size: size as number, root, at } : null;
}

/** Remembers it, unless another tab remembered a newer one meanwhile. */
export function remember(storage: Pick<Storage, "getItem" | "setItem">, next: SeenCheckpoint): void {
  const known = seenCheckpoint(storage);
  if (known !== null && known.vkey === next.vkey && known.size > next.size) return;
  storage.setItem(KEY, JSON.stringify(next));
}

/** The next checkpoint is taken as it comes. */
export function forgetCheckpoint(storage: Pick<Storage, "removeItem">): void {
  storage.removeItem(KEY);
}
