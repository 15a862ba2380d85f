import { isJsonObject, type Json, type JsonObject, type LedgerEntry } from "@countersign/core";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { draftOf, type SpoolChain, spoolChain, spoolSignedBytes } from "./spool-chain.ts";

/** Verifies the signature (base64url) of a point over a run of its spool; `key` is its public key as a JWK. Must not throw. */
export type VerifySpool = (key: Json, bytes: Uint8Array, signature: string) => boolean;

export interface SpoolTools {
  readonly sha256: Sha256;
  /** Absent: signatures are not looked at, only the chain. */
  readonly verify?: VerifySpool | undefined;
}
type Report = (code: "spool.broken" | "spool.unsigned", index: number, detail: string) => void;

/** A run whose entries follow. */
interface OpenRun {
  readonly index: number;
  readonly point: string;
  readonly spool: string;
  readonly from: number;
  readonly to: number;
  readonly hash: string;
  readonly before: Uint8Array;
  /** Digests of its entries by frame, in their order; and what each entry says that the chain is. */
  readonly frames: Map<number, Uint8Array[]>;
  readonly said: Map<number, string>;
  readonly present: readonly { readonly seq: number; readonly at: number; readonly digest: string }[];
}

/** Most entries of one run that are looked at. */
const MOST_ENTRIES = 65_536;

/**
 * Follows the chains of the points' spools through a log (docs/protocol/points/spool.md): each `spool.merged` continues the one before it, the
 * entries behind it are those that were hashed, and the point signed the end. Entries come in the order of the log.
 */
export class SpoolChecks {
  private readonly chain: SpoolChain;
  private readonly verify: VerifySpool | undefined;
  private readonly report: Report;
  private readonly places = new Map<
    string,
    { readonly spool: string; readonly seq: number; readonly hash: Uint8Array }
  >();
  private run: OpenRun | null = null;
  private seen = 0;

  constructor({ sha256, verify }: SpoolTools, report: Report) {
    this.chain = spoolChain(sha256);
    this.verify = verify;
    this.report = report;
  }

  see(entry: JsonObject, index: number): void {
    const place = entry["spool"];
    if (place !== undefined) {
      if (!this.add(entry, place)) this.report("spool.broken", index, "the entry is in no run that a point signed");
      return;
    }
    this.close();
    if (entry["kind"] === "admin" && entry["action"] === "spool.merged") this.begin(entry, index);
  }

  /** Call once, after the last entry. */
  close(): void {
    const { run } = this;
    this.run = null;
    this.seen = 0;
    if (run === null) return;
    const end = this.endOf(run);
    if (end === null)
      this.report("spool.broken", run.index, `the entries behind it are not those that point \`${run.point}\` signed`);
    const { point, spool, to } = run;
    if (end !== null && (this.places.size < LIMITS.remembered || this.places.has(point)))
      this.places.set(point, { spool, seq: to, hash: end });
  }

  private begin(entry: JsonObject, index: number): void {
    const { resource: point, cause } = entry;
    const run = typeof point === "string" && isJsonObject(cause) ? this.runOf(point, cause, index) : null;
    if (run === null || !isJsonObject(cause)) {
      this.report("spool.broken", index, "the merge of a spool does not continue the one before it");
      return;
    }
    this.run = run;
    const { key = null, signature } = cause;
    if (this.verify === undefined) return;
    if (typeof signature !== "string" || !this.verify(key, spoolSignedBytes(run), signature))
      this.report("spool.unsigned", index, `the signature of point \`${run.point}\` does not fit`);
  }

  private runOf(point: string, cause: JsonObject, index: number): OpenRun | null {
    const { spool, from, to, prev, hash, present = [] } = cause;
    if (typeof spool !== "string" || typeof hash !== "string" || !isCount(from) || !isCount(to)) return null;
    const { seq, hash: before } = this.placeBefore(point, spool);
    const isNext = from === seq + 1 && prev === textOf(before) && to >= from && to - from < MOST_ENTRIES;
    if (!isNext || !Array.isArray(present)) return null;
    const claimed = (present as readonly Json[]).filter(isPresent);
    return { index, point, spool, from, to, hash, before, frames: new Map(), said: new Map(), present: claimed };
  }

  private placeBefore(point: string, spool: string): { readonly seq: number; readonly hash: Uint8Array } {
    const known = this.places.get(point);
    return known?.spool === spool ? known : { seq: 0, hash: this.chain.begin({ point, spool }) };
  }

  /** False when the entry belongs to no open run. */
  private add(entry: JsonObject, place: Json): boolean {
    const { run } = this;
    if (run === null || !isJsonObject(place) || entry["point"] !== run.point || this.seen >= MOST_ENTRIES) return false;
    const { seq, hash } = place;
    if (!isCount(seq) || seq < run.from || seq > run.to || typeof hash !== "string") return false;
    if ((run.said.get(seq) ?? hash) !== hash) return false;
    this.seen += 1;
    run.said.set(seq, hash);
    const digest = this.chain.digest(draftOf(entry as unknown as LedgerEntry));
    const digests = run.frames.get(seq) ?? [];
    digests.push(digest);
    run.frames.set(seq, digests);
    return true;
  }

  /** The hash of the chain behind a run; null when it is not the one that was signed, or an entry says another. */
  private endOf({ from, to, hash, before, frames, said, present }: OpenRun): Uint8Array | null {
    let chain = before;
    for (let seq = from; seq <= to; seq += 1) {
      const digests = [...(frames.get(seq) ?? [])];
      // What the log holds elsewhere is named by its digest.
      for (const { at, digest } of present.filter((entry) => entry.seq === seq)) digests.splice(at, 0, bytesOf(digest));
      chain = this.chain.next(chain, seq, digests);
      if ((said.get(seq) ?? textOf(chain)) !== textOf(chain)) return null;
    }
    return textOf(chain) === hash ? chain : null;
  }
}

function isPresent(value: Json): value is { readonly seq: number; readonly at: number; readonly digest: string } {
  if (!isJsonObject(value)) return false;
  const { seq, at, digest } = value;
  return isCount(seq) && typeof at === "number" && typeof digest === "string";
}

function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function textOf(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of base64url; none for anything else. */
function bytesOf(text: string): Uint8Array {
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding) ?? new Uint8Array();
}
