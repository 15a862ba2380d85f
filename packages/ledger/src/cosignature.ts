import { AppError } from "@countersign/core";
import { concatBytes, utf8 } from "./bytes.ts";
import { printSignatureLine } from "./signature-line.ts";
import type { NoteSigner } from "./signer.ts";

const TIMESTAMP_BYTES = 8;

/** The bytes that an Ed25519 cosignature covers: a header, the time, and the whole text of the checkpoint. c2sp.org/tlog-cosignature. */
export function cosignedBytes(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${String(timeSeconds)}\n${text}`);
}

/**
 * A cosignature on the text of a checkpoint, as a signature line to be appended to its note.
 * Whoever cosigns says that this is the largest tree seen of this log and consistent with all before: check that first.
 */
export function cosign(text: string, signer: NoteSigner, timeSeconds: number): string {
  if (signer.key.type !== "cosignature")
    throw new AppError("internal.error", { detail: "cosigned with a key for notes" });
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds < 0)
    throw new AppError("internal.error", { detail: "time is no whole number of seconds" });
  const timestamp = new Uint8Array(TIMESTAMP_BYTES);
  new DataView(timestamp.buffer).setBigUint64(0, BigInt(timeSeconds));
  const signature = concatBytes([timestamp, signer.sign(cosignedBytes(text, timeSeconds))]);
  return printSignatureLine({ name: signer.key.name, keyId: signer.key.keyId, signature });
}

/** Splits a `timestamped_signature`; null when it is too short or its time beyond 2^53 - 1 seconds. */
export function splitTimestamp(bytes: Uint8Array): { timeSeconds: number; signature: Uint8Array } | null {
  if (bytes.length <= TIMESTAMP_BYTES) return null;
  const timeSeconds = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  return Number.isSafeInteger(timeSeconds) ? { timeSeconds, signature: bytes.subarray(TIMESTAMP_BYTES) } : null;
}
