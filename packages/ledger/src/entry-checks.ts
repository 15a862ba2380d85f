import { canonicalJson, isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { LIMITS } from "./limits.ts";
import { SpoolChecks, type SpoolTools } from "./spool-checks.ts";

export type RemarkCode =
  | "entry.not_canonical"
  | "entry.wrong_version"
  | "entry.malformed"
  | "point.gap"
  | "point.repeated"
  | "intent.no_outcome"
  | "spool.broken"
  | "spool.unsigned"
  | "checks.incomplete";

/** Something an auditor must look at in a log whose hashes are sound. */
export interface Remark {
  readonly code: RemarkCode;
  /** Index of the entry in the log. */
  readonly index: number;
  readonly detail: string;
}
export interface Remarks {
  /** The first remarks, at most `LIMITS.remarks`. */
  readonly listed: readonly Remark[];
  readonly total: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads entries in their order and collects remarks: a leaf that is not canonical JSON of version 1, a gap in the count of an
 * enforcement point, an intent without an outcome, a chain of a spool that does not hold. Memory is bounded; what no longer fits is said as `checks.incomplete`.
 */
export class EntryChecks {
  private readonly listed: Remark[] = [];
  private total = 0;
  private readonly lastSeq = new Map<string, number>();
  private readonly openIntents = new Map<string, number>();
  private overflow: number | null = null;
  private readonly spools: SpoolChecks | null;

  /** Without tools, what points spooled is not followed. */
  constructor(tools: SpoolTools | null = null) {
    this.spools = tools === null ? null : new SpoolChecks(tools, this.report.bind(this));
  }

  see(bytes: Uint8Array, index: number): void {
    const entry = canonicalEntry(bytes);
    if (entry === null) this.report("entry.not_canonical", index, "the entry is not canonical JSON");
    else if (entry["v"] !== 1) this.report("entry.wrong_version", index, "the entry is not of version 1");
    else this.seeFields(entry, index);
    if (entry !== null) this.spools?.see(entry, index);
  }

  /** Call once, after the last entry. */
  finish(): Remarks {
    this.spools?.close();
    for (const [intent, index] of this.openIntents)
      this.report("intent.no_outcome", index, `intent \`${intent}\` has no outcome`);
    if (this.overflow !== null)
      this.report("checks.incomplete", this.overflow, "from here on new points and intents were not remembered");
    return { listed: this.listed, total: this.total };
  }

  private seeFields(entry: JsonObject, index: number): void {
    const { kind, point, pointSeq, intent } = entry;
    const counted = typeof point === "string" && typeof pointSeq === "number" && Number.isSafeInteger(pointSeq);
    const acting = kind === "action.intent" || kind === "action.outcome";
    if (typeof kind !== "string" || !counted || (acting && typeof intent !== "string")) {
      this.report("entry.malformed", index, "the entry lacks its kind, its count or its intent");
      return;
    }
    this.seeCount(point, pointSeq, index);
    if (typeof intent !== "string") return;
    if (kind === "action.intent") this.remember(this.openIntents, intent, { value: index, index });
    else if (kind === "action.outcome") this.openIntents.delete(intent);
  }

  private seeCount(point: string, seq: number, index: number): void {
    const last = this.lastSeq.get(point);
    // The count of a point begins at 0 or 1.
    const expected = last === undefined ? Math.min(Math.max(seq, 0), 1) : last + 1;
    if (seq < expected)
      this.report("point.repeated", index, `point \`${point}\` counts ${String(seq)} after ${String(last)}`);
    if (seq > expected)
      this.report("point.gap", index, `point \`${point}\` counts ${String(seq)} instead of ${String(expected)}`);
    this.remember(this.lastSeq, point, { value: Math.max(seq, last ?? seq), index });
  }

  private remember(map: Map<string, number>, key: string, entry: { value: number; index: number }): void {
    if (map.size < LIMITS.remembered || map.has(key)) map.set(key, entry.value);
    else this.overflow ??= entry.index;
  }

  private report(code: RemarkCode, index: number, detail: string): void {
    this.total += 1;
    if (this.listed.length < LIMITS.remarks) this.listed.push({ code, index, detail });
  }
}

/** The entry as an object, or null when its bytes are not the canonical form (RFC 8785) of an object. */
function canonicalEntry(bytes: Uint8Array): JsonObject | null {
  try {
    const text = decoder.decode(bytes);
    const value = JSON.parse(text) as Json;
    // Printing again shows whatever JSON.parse let pass: duplicate keys, other number forms, escapes, spaces, lone surrogates.
    return isJsonObject(value) && canonicalJson(value) === text ? value : null;
  } catch {
    return null;
  }
}
