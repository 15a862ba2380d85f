import { AppError } from "@countersign/core";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { boundedText } from "./bytes.ts";
import { type Checkpoint, type CheckpointFault, openCheckpoint, type Trust } from "./checkpoint.ts";
import { HASH_BYTES, leafHasher, type Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import type { VerifiedSignature } from "./note.ts";
import { verifyInclusion } from "./proof.ts";

/** A self-contained proof that an entry is in a log: what a `.tlog-proof` file holds. */
export interface ProofFile {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
  /** Data that nothing vouches for, or null. */
  readonly extra: Uint8Array | null;
}

export type ProofFileFault = "proof.too_large" | "proof.malformed";
export type ParsedProofFile =
  | { readonly ok: true; readonly proof: ProofFile }
  | { readonly ok: false; readonly code: ProofFileFault };
export type CheckedProof =
  | {
      readonly ok: true;
      readonly index: number;
      readonly checkpoint: Checkpoint;
      readonly cosignatures: readonly VerifiedSignature[];
    }
  | { readonly ok: false; readonly code: ProofFileFault | CheckpointFault | "proof.wrong" };

const HEADER = "c2sp.org/tlog-proof@v1";
/** Everything above the checkpoint; at most `LIMITS.proofHashes` lines of hashes. */
const FORM =
  /^c2sp\.org\/tlog-proof@v1\n(?:extra ([A-Za-z0-9+/=]*)\n)?index (0|[1-9][0-9]{0,15})\n((?:[A-Za-z0-9+/=]{44}\n){0,63})\n/;

/** Prints a proof as c2sp.org/tlog-proof asks. Throws `internal.error` on values that have no such form. */
export function printProofFile(proof: ProofFile): string {
  const extra = proof.extra === null ? "" : `extra ${encodeBase64(proof.extra)}\n`;
  const hashes = proof.hashes.map((hash) => `${encodeBase64(hash)}\n`).join("");
  const text = `${HEADER}\n${extra}index ${String(proof.index)}\n${hashes}\n${proof.checkpoint}`;
  if (!parseProofFile(text).ok) throw new AppError("internal.error", { detail: "proof out of range" });
  return text;
}

/** Reads what {@link printProofFile} prints; the checkpoint is not opened yet. Never throws. */
export function parseProofFile(input: string | Uint8Array): ParsedProofFile {
  if (input.length > LIMITS.proofFileBytes) return { ok: false, code: "proof.too_large" };
  const malformed = { ok: false, code: "proof.malformed" } as const;
  const text = boundedText(input, LIMITS.proofFileBytes);
  const found = text === null ? null : FORM.exec(text);
  if (text === null || found === null) return malformed;
  const [head, encodedExtra, index = "", lines = ""] = found;
  const extra = parseExtra(encodedExtra);
  const hashes = parseHashes(lines);
  if (extra === undefined || hashes === null || !Number.isSafeInteger(Number(index))) return malformed;
  return { ok: true, proof: { index: Number(index), hashes, checkpoint: text.slice(head.length), extra } };
}

/** Null when there is none, undefined when it cannot be read. */
function parseExtra(encoded: string | undefined): Uint8Array | null | undefined {
  if (encoded === undefined) return null;
  const extra = decodeBase64(encoded);
  return extra === null || extra.length > LIMITS.proofExtraBytes ? undefined : extra;
}

function parseHashes(lines: string): readonly Uint8Array[] | null {
  const hashes: Uint8Array[] = [];
  for (const line of lines.split("\n").slice(0, -1)) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return null;
    hashes.push(hash);
  }
  return hashes;
}

/** Checks that `entry` is in the log at the index that the proof names: the checkpoint's signatures, then the path. Never throws. */
export async function verifyProofFile(
  input: string | Uint8Array,
  entry: Uint8Array,
  options: { readonly sha256: Sha256; readonly trust: Trust },
): Promise<CheckedProof> {
  const parsed = parseProofFile(input);
  if (!parsed.ok) return parsed;
  const { index, hashes, checkpoint: note } = parsed.proof;
  const opened = await openCheckpoint(note, options.trust);
  if (!opened.ok) return opened;
  const { checkpoint, cosignatures } = opened;
  if (entry.length > LIMITS.entryBytes) return { ok: false, code: "proof.wrong" };
  const leafHash = leafHasher(options.sha256)(entry);
  const claim = { index, size: checkpoint.size, leafHash, proof: hashes, root: checkpoint.root };
  if (!verifyInclusion(options.sha256, claim)) return { ok: false, code: "proof.wrong" };
  return { ok: true, index, checkpoint, cosignatures };
}
