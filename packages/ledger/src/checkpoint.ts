import { AppError } from "@countersign/core";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { HASH_BYTES } from "./hash.ts";
import { type NoteFault, openNote, signNote, type VerifiedSignature } from "./note.ts";
import type { NoteSigner, Verify } from "./signer.ts";
import type { VerifierKey } from "./vkey.ts";

/** What a log says about itself: the root of its tree at a size. */
export interface Checkpoint {
  /** Name of the log; equals the name of its key. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Keys against which a checkpoint is opened. */
export interface Trust {
  readonly logKey: VerifierKey;
  /** Cosignature keys of witnesses and enforcement points; one that signed must have signed well, none has to. */
  readonly cosigners?: readonly VerifierKey[];
  readonly verify: Verify;
}

export type CheckpointFault = NoteFault | "checkpoint.malformed" | "checkpoint.wrong_origin" | "checkpoint.not_by_log";
export type ParsedCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly code: "checkpoint.malformed" };
export type OpenedCheckpoint =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      /** The signed text: what a cosigner signs. */
      readonly text: string;
      readonly cosignatures: readonly VerifiedSignature[];
    }
  | { readonly ok: false; readonly code: CheckpointFault };

/** The text of a checkpoint: origin, size and base64 root, a line each. c2sp.org/tlog-checkpoint. Throws `internal.error` on values that have no such text. */
export function printCheckpoint(checkpoint: Checkpoint): string {
  const text = `${checkpoint.origin}\n${String(checkpoint.size)}\n${encodeBase64(checkpoint.root)}\n`;
  if (!parseCheckpoint(text).ok) throw new AppError("internal.error", { detail: "checkpoint out of range" });
  return text;
}

/** Reads what {@link printCheckpoint} prints. Extension lines are refused: this log has none. Never throws. */
export function parseCheckpoint(text: string): ParsedCheckpoint {
  const malformed = { ok: false, code: "checkpoint.malformed" } as const;
  const found = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]{44})\n$/.exec(text);
  const [, origin = "", digits = "", encoded = ""] = found ?? [];
  const size = Number(digits);
  const root = decodeBase64(encoded);
  if (found === null || !Number.isSafeInteger(size) || root?.length !== HASH_BYTES) return malformed;
  return { ok: true, checkpoint: { origin, size, root } };
}

/** A signed checkpoint. INV-7: the caller never signs two that are not consistent with each other. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  if (checkpoint.origin !== signer.key.name)
    throw new AppError("internal.error", { detail: "origin differs from the name of the key" });
  return signNote(printCheckpoint(checkpoint), signer);
}

/** Opens a signed checkpoint: signed by the log's own key, under the origin that the key names. Never throws. */
export async function openCheckpoint(input: string | Uint8Array, trust: Trust): Promise<OpenedCheckpoint> {
  const opened = await openNote(input, [trust.logKey, ...(trust.cosigners ?? [])], trust.verify);
  if (!opened.ok) return opened;
  const cosignatures = opened.verified.filter(({ timeSeconds }) => timeSeconds !== null);
  const ownId = trust.logKey.keyId;
  const byLog = opened.verified.some(
    ({ key, timeSeconds }) => timeSeconds === null && key.name === trust.logKey.name && key.keyId === ownId,
  );
  if (!byLog) return { ok: false, code: "checkpoint.not_by_log" };
  const parsed = parseCheckpoint(opened.text);
  if (!parsed.ok) return parsed;
  if (parsed.checkpoint.origin !== trust.logKey.name) return { ok: false, code: "checkpoint.wrong_origin" };
  return { ok: true, checkpoint: parsed.checkpoint, text: opened.text, cosignatures };
}
