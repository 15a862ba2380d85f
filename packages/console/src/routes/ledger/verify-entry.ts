import { AppError, type EntryId, parseJson } from "@countersign/core";
import {
  type Checkpoint,
  LIMITS,
  type ReadFile,
  type Verify,
  decodeBase64,
  encodeBase64,
  leafHasher,
  openCheckpoint,
  parseVkey,
  printProofFile,
  sha256,
  tileReader,
  verifyConsistency,
  verifyInclusion,
} from "@countersign/ledger";
import type { SeenCheckpoint } from "../../data/seen-checkpoint.ts";

/** An entry as the control plane gave it: nothing of it is believed. */
export interface GivenEntry {
  readonly id: EntryId;
  readonly index: number;
  readonly leaf: Uint8Array;
}
export interface LogView {
  readonly read: ReadFile;
  /** Null: this browser cannot verify Ed25519. */
  readonly verify: Verify | null;
  /** What this browser verified last, read before anything of the log is. */
  readonly seen: SeenCheckpoint | null;
  readonly now: () => number;
}

export type CheckName = "entry" | "signature" | "inclusion" | "consistency";
/** `good`: it holds. `bad`: it does not. `open`: it was not come to. */
export interface Check {
  readonly name: CheckName;
  readonly state: "good" | "bad" | "open";
  readonly detail: string;
}

/**
 * `verified`: every check holds. `failed`: one does not: somebody changed something. `waiting`: the next checkpoint covers the entry.
 * `unable`: what is needed cannot be read; nothing is known.
 */
export interface Verdict {
  readonly state: "verified" | "failed" | "waiting" | "unable";
  readonly checks: readonly Check[];
  /** Hexadecimal hash of the entry. */
  readonly hash: string;
  readonly size: number | null;
  /** To be remembered by this browser, when everything held. */
  readonly next: SeenCheckpoint | null;
  /** The proof with the entry in it (c2sp.org/tlog-proof), when everything held. */
  readonly proof: string | null;
}

const NAMES: readonly CheckName[] = ["entry", "signature", "inclusion", "consistency"];

/** Hashes the entry and proves against the published log that it is in it, and that the log has only grown (INV-7). */
export async function verifyEntry(entry: GivenEntry, log: LogView): Promise<Verdict> {
  const hash = leafHasher(sha256)(entry.leaf);
  const run = new Run(hex(hash));
  try {
    if (!run.add("entry", isItself(entry), `hash ${run.hash.slice(0, 16)}…`)) return run.verdict();
    const signed = await signedCheckpoint(run, log);
    if (signed === null) return run.verdict();
    const { checkpoint, vkey, note } = signed;
    if (checkpoint.size <= entry.index) return run.verdict("waiting");
    const hashes = await tileReader(sha256, log.read).inclusionProof(entry.index, checkpoint.size);
    const claim = { index: entry.index, size: checkpoint.size, leafHash: hash, proof: hashes, root: checkpoint.root };
    const place = `entry ${String(entry.index)} of ${String(checkpoint.size)}, ${String(hashes.length)} hashes to the root`;
    if (!run.add("inclusion", verifyInclusion(sha256, claim), place)) return run.verdict();
    if (!(await hasOnlyGrown(run, checkpoint, log))) return run.verdict();
    run.proof = printProofFile({ index: entry.index, hashes, checkpoint: note, extra: entry.leaf });
    const root = encodeBase64(checkpoint.root);
    run.next = { vkey, size: checkpoint.size, root, at: new Date(log.now()).toISOString() };
    return run.verdict();
  } catch (error) {
    const why = error instanceof AppError ? (error.detail ?? "") : "";
    if (error instanceof AppError && error.code === "ledger.damaged") return run.failed(why);
    return run.verdict("unable", why);
  }
}

/** The bytes are the entry that was asked for. */
function isItself({ id, leaf }: GivenEntry): boolean {
  const parsed = parseJson(leaf, { sizeBytes: LIMITS.entryBytes, depth: 64 });
  return parsed.ok && (parsed.value as { readonly id?: unknown } | null)?.id === id;
}

interface Signed {
  readonly checkpoint: Checkpoint;
  readonly vkey: string;
  readonly note: string;
}

async function signedCheckpoint(run: Run, { read, verify, seen }: LogView): Promise<Signed | null> {
  const [vkeyFile, note] = await Promise.all([text(read, "vkey"), text(read, "checkpoint")]);
  const vkey = vkeyFile.trim();
  if (verify === null)
    throw new AppError("request.invalid", { detail: "this browser cannot verify Ed25519; update it" });
  if (seen !== null && seen.vkey !== vkey) {
    run.add("signature", false, "the log shows another key than this browser has seen before");
    return null;
  }
  const key = parseVkey(sha256, vkey);
  const opened = key.ok ? await openCheckpoint(note, { logKey: key.key, verify }) : key;
  if (!opened.ok) {
    run.add("signature", false, `the checkpoint is refused: ${opened.code}`);
    return null;
  }
  const { checkpoint } = opened;
  run.size = checkpoint.size;
  run.add("signature", true, `by ${checkpoint.origin}, ${String(checkpoint.size)} entries`);
  return { checkpoint, vkey, note };
}

async function text(read: ReadFile, path: string): Promise<string> {
  const bytes = await read(path, LIMITS.noteBytes);
  if (bytes === null) throw new AppError("ledger.unavailable", { detail: `the log shows no \`${path}\`` });
  return new TextDecoder().decode(bytes);
}

async function hasOnlyGrown(run: Run, { size, root }: Checkpoint, { read, seen }: LogView): Promise<boolean> {
  const oldRoot = seen === null ? null : decodeBase64(seen.root);
  if (seen === null || oldRoot === null) {
    return run.add("consistency", true, "this browser remembers it from now on");
  }
  if (size < seen.size) {
    return run.add(
      "consistency",
      false,
      `this browser has seen ${String(seen.size)} entries; now there are ${String(size)}`,
    );
  }
  const proof = await tileReader(sha256, read).consistencyProof(seen.size, size);
  const grown = verifyConsistency(sha256, { oldSize: seen.size, size, proof, oldRoot, root });
  return run.add("consistency", grown, `nothing of the ${String(seen.size)} entries seen before was changed`);
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Gathers the checks in their order. */
class Run {
  readonly hash: string;
  size: number | null = null;
  next: SeenCheckpoint | null = null;
  proof: string | null = null;
  private readonly checks: Check[] = [];

  constructor(hash: string) {
    this.hash = hash;
  }

  add(name: CheckName, holds: boolean, detail: string): boolean {
    this.checks.push({ name, state: holds ? "good" : "bad", detail });
    return holds;
  }

  /** What was to be checked next does not hold. */
  failed(why: string): Verdict {
    this.add(NAMES[this.checks.length] ?? "inclusion", false, why);
    return this.verdict();
  }

  verdict(state?: "waiting" | "unable", why = ""): Verdict {
    const open = NAMES.slice(this.checks.length);
    const checks = [
      ...this.checks,
      ...open.map((name, i) => ({ name, state: "open", detail: i === 0 ? why : "" }) as const),
    ];
    const failed = checks.some((check) => check.state === "bad");
    const { hash, size, next, proof } = this;
    return { state: failed ? "failed" : (state ?? "verified"), checks, hash, size, next, proof };
  }
}
