import { type JsonObject, isJsonObject, parseJson } from "@countersign/core";
import { type Era, OWN_META_PREFIX } from "./protocol.ts";
import { type Span, memberSpans } from "./upstream/member-spans.ts";

/** The result of an action, ready to be told to a client of either era; its content was not looked at. */
export interface ActionResult {
  readonly isError: boolean;
  /** The JSON text, in pieces, so that a large result is not copied. */
  readonly pieces: (era: Era) => readonly Buffer[];
}
/** What an upstream of 2026 wants to know before it goes on (`input_required`). */
export interface InputRequired {
  /** What it asks, by its own names. */
  readonly inputRequests: JsonObject;
  readonly requestState: string | null;
}
export type ReadActionResult =
  | { readonly ok: true; readonly result: ActionResult }
  | { readonly ok: true; readonly input: InputRequired }
  | { readonly ok: false; readonly reason: string };

const OPEN = Buffer.from("{");
const CLOSE = Buffer.from("}");
const COMPLETE = `"resultType":"complete"`;
/** Nothing that passed here may be kept by a client: rights change at any moment (2026-07-28, caching). */
const UNCACHED = `"ttlMs":0,"cacheScope":"private"`;
const MAX_META_BYTES = 256 * 1024;
const INPUT_LIMITS = { sizeBytes: 1024 * 1024, depth: 64 };

/**
 * Reads as much of a result as must be known: whether it is an error, whether it is complete, and that it does not speak in our name
 * (`_meta` members `dev.countersign/…` are taken out). `cached`: results of this kind say for how long they may be kept.
 */
export function readActionResult(raw: Buffer, cached: boolean): ReadActionResult {
  const spans = memberSpans(raw);
  if (spans === null) return { ok: false, reason: "the upstream answered with a result that is not one object" };
  const type = text(raw, spans.get("resultType"));
  if (type === '"input_required"') return readInput(raw);
  if (type !== null && type !== '"complete"')
    return { ok: false, reason: "the upstream answered with a kind of result that this gateway does not carry" };
  const meta = spans.get("_meta");
  const clean = meta === undefined ? null : withoutForgery(raw, meta);
  if (clean !== null && !clean.ok) return clean;
  const isForged = clean !== null && clean.text !== null;
  const pieces = (era: Era): readonly Buffer[] => {
    const drops = era === "modern" ? ["resultType", ...(cached ? ["ttlMs", "cacheScope"] : [])] : [];
    const edits: Edits = new Map(drops.map((name) => [name, null]));
    if (isForged) edits.set("_meta", clean.text);
    if (era === "legacy") return isForged ? written(raw, spans, { edits, first: "" }) : [raw];
    return written(raw, spans, { edits, first: cached ? `${COMPLETE},${UNCACHED}` : COMPLETE });
  };
  return { ok: true, result: { isError: text(raw, spans.get("isError")) === "true", pieces } };
}

/** By name of a member: its new JSON text, or null to leave it out. */
type Edits = Map<string, string | null>;

/** The object with other members; one that is not edited stays the bytes that came. */
function written(
  raw: Buffer,
  spans: ReadonlyMap<string, Span>,
  { edits, first }: { readonly edits: Edits; readonly first: string },
): readonly Buffer[] {
  const touched = [...edits.keys()].some((name) => spans.has(name));
  if (!touched) {
    const at = raw.indexOf(OPEN) + 1;
    const comma = spans.size === 0 || first === "" ? "" : ",";
    return [raw.subarray(0, at), Buffer.from(`${first}${comma}`), raw.subarray(at)];
  }
  const pieces: Buffer[] = [OPEN, Buffer.from(first)];
  let empty = first === "";
  for (const [name, { start, end }] of spans) {
    const edit = edits.get(name);
    if (edit === null) continue;
    pieces.push(Buffer.from(`${empty ? "" : ","}${JSON.stringify(name)}:`));
    pieces.push(edit === undefined ? raw.subarray(start, end) : Buffer.from(edit));
    empty = false;
  }
  return [...pieces, CLOSE];
}

function readInput(raw: Buffer): ReadActionResult {
  const parsed = parseJson(raw, INPUT_LIMITS);
  const { inputRequests = {}, requestState = null } = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
  const isWhole =
    parsed.ok && isJsonObject(inputRequests) && (requestState === null || typeof requestState === "string");
  if (!isWhole) return { ok: false, reason: "the upstream asks for input in a form that is not the protocol's" };
  return { ok: true, input: { inputRequests, requestState } };
}

function text(raw: Buffer, place: Span | undefined): string | null {
  if (place === undefined || place.end - place.start > 64) return place === undefined ? null : "";
  return raw.toString("utf8", place.start, place.end);
}

/** `text` null: nothing had to be taken out. */
function withoutForgery(raw: Buffer, meta: Span): { ok: true; text: string | null } | { ok: false; reason: string } {
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
