import { readFile, stat } from "node:fs/promises";
import { AppError, type JsonObject, parseJson } from "@countersign/core";
import { LIMITS, parseProofFile, parseVkey, verifyProofFile } from "@countersign/ledger";
import { nativeSha256, verifyEd25519 } from "./native-crypto.ts";

/** What a proof shows: this entry is in that log. */
export interface ProvenEntry {
  readonly ok: true;
  readonly entry: JsonObject;
  readonly index: number;
  readonly origin: string;
  /** Entries of the log that the checkpoint covers. */
  readonly size: number;
}

/**
 * Verifies a file of c2sp.org/tlog-proof that has its entry with it, as `extra`, against the key of the log.
 * @throws AppError `ledger.damaged` when it does not hold, `request.invalid` when it is no such file
 */
export async function verifyProof(file: string, vkey: string): Promise<ProvenEntry> {
  const bytes = await proofBytes(file);
  const parsed = parseProofFile(bytes);
  if (!parsed.ok) throw notAProof(file, parsed.code);
  const { extra } = parsed.proof;
  if (extra === null) throw notAProof(file, "it has no entry with it");
  const key = parseVkey(nativeSha256, vkey);
  if (!key.ok) throw new AppError("request.invalid", { detail: `the key of the log cannot be used: ${key.code}` });
  const trust = { logKey: key.key, verify: verifyEd25519 };
  const checked = await verifyProofFile(bytes, extra, { sha256: nativeSha256, trust });
  if (!checked.ok)
    throw new AppError("ledger.damaged", {
      detail: `the proof in \`${file}\` does not hold: ${checked.code}`,
      details: { fault: checked.code },
    });
  const entry = parseJson(extra, { sizeBytes: LIMITS.entryBytes, depth: 64 });
  if (!entry.ok) throw notAProof(file, entry.code);
  const { origin, size } = checked.checkpoint;
  return { ok: true, entry: entry.value as JsonObject, index: checked.index, origin, size };
}

async function proofBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size <= LIMITS.proofFileBytes) return await readFile(file);
  } catch {
    throw notAProof(file, "it cannot be read");
  }
  throw notAProof(file, "it is too large");
}

function notAProof(file: string, why: string): AppError {
  return new AppError("request.invalid", {
    detail: `\`${file}\` is no proof of an entry (${why}); download one in the console`,
  });
}
