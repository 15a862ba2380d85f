import { type Era, OWN_META_PREFIX } from "./protocol.ts";
import { memberSpans } from "./upstream/member-spans.ts";

/** The result of a `tools/call`, ready to be told to a client of either era; its content was not looked at. */
export interface ToolResult {
  readonly isError: boolean;
  /** The JSON text, in pieces, so that a large result is not copied. */
  readonly pieces: (era: Era) => readonly Buffer[];
}
export type ReadToolResult =
  | { readonly ok: true; readonly result: ToolResult }
  | { readonly ok: false; readonly reason: string };

const OPEN = Buffer.from("{");
const COMPLETE = Buffer.from('"resultType":"complete"');
const COMMA = Buffer.from(",");
const MAX_META_BYTES = 256 * 1024;

/**
 * Reads as much of a result as must be known: whether it is an error, whether it is complete, and that it does not speak in our name
 * (`_meta` members `dev.countersign/…` are taken out).
 */
export function readToolResult(raw: Buffer): ReadToolResult {
  const spans = memberSpans(raw);
  if (spans === null) return { ok: false, reason: "the upstream answered with a result that is not one object" };
  const type = text(raw, spans.get("resultType"));
  if (type !== null && type !== '"complete"') {
    return {
      ok: false,
      reason: "the upstream asks for input of the user (`input_required`), which this gateway does not carry",
    };
  }
  const meta = spans.get("_meta");
  const clean = meta === undefined ? null : withoutForgery(raw, meta);
  if (clean !== null && !clean.ok) return clean;
  const body = meta === undefined || clean === null || clean.text === null ? [raw] : splice(raw, meta, clean.text);
  const empty = spans.size === 0;
  const pieces = (era: Era): readonly Buffer[] => (era === "legacy" || type !== null ? body : withType(body, empty));
  return { ok: true, result: { isError: text(raw, spans.get("isError")) === "true", pieces } };
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function text(raw: Buffer, place: Place | undefined): string | null {
  if (place === undefined || place.end - place.start > 64) return place === undefined ? null : "";
  return raw.toString("utf8", place.start, place.end);
}

/** `text` null: nothing had to be taken out. */
function withoutForgery(raw: Buffer, meta: Place): { ok: true; text: string | null } | { ok: false; reason: string } {
  if (meta.end - meta.start > MAX_META_BYTES)
    return { ok: false, reason: "the upstream answered with too large a `_meta`" };
  const value = parsed(raw.toString("utf8", meta.start, meta.end));
  if (typeof value !== "object" || value === null)
    return { ok: false, reason: "the upstream answered with a `_meta` that is no object" };
  const members = Object.entries(value);
  const kept = members.filter(([name]) => !name.startsWith(OWN_META_PREFIX));
  return { ok: true, text: kept.length === members.length ? null : JSON.stringify(Object.fromEntries(kept)) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function splice(raw: Buffer, place: Place, replacement: string): Buffer[] {
  return [raw.subarray(0, place.start), Buffer.from(replacement, "utf8"), raw.subarray(place.end)];
}

function withType(body: readonly Buffer[], empty: boolean): Buffer[] {
  const [first = OPEN, ...rest] = body;
  const members = first.subarray(first.indexOf(OPEN) + 1);
  return [OPEN, COMPLETE, ...(empty ? [] : [COMMA]), members, ...rest];
}
