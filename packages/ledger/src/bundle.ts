import { AppError } from "@countersign/core";
import { LIMITS } from "./limits.ts";

export type ParsedBundle =
  | { readonly ok: true; readonly entries: readonly Uint8Array[] }
  /** `entry` counts from the start of the bundle: the first one that cannot be read. */
  | { readonly ok: false; readonly code: "bundle.malformed" | "bundle.too_many"; readonly entry: number };

/**
 * An entry bundle: each entry with its length as big-endian uint16 in front. c2sp.org/tlog-tiles.
 * Throws `input.too_large` on an entry over 65,535 bytes or more than 256 of them.
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > LIMITS.tileWidth)
    throw new AppError("input.too_large", { detail: "more than 256 entries in a bundle" });
  let size = 0;
  for (const entry of entries) {
    if (entry.length > LIMITS.entryBytes)
      throw new AppError("input.too_large", { detail: "ledger entry over 65535 bytes" });
    size += 2 + entry.length;
  }
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const entry of entries) {
    view.setUint16(at, entry.length);
    out.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return out;
}

/** Splits a bundle into at most 256 entries, which are views of `bytes`. Never throws. */
export function parseBundle(bytes: Uint8Array): ParsedBundle {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const entry = entries.length;
    if (entry === LIMITS.tileWidth) return { ok: false, code: "bundle.too_many", entry };
    if (at + 2 > bytes.length) return { ok: false, code: "bundle.malformed", entry };
    const start = at + 2;
    const end = start + view.getUint16(at);
    if (end > bytes.length) return { ok: false, code: "bundle.malformed", entry };
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  return { ok: true, entries };
}
