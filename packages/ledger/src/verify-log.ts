import { AppError } from "@countersign/core";
import { type Checkpoint, openCheckpoint, type Trust } from "./checkpoint.ts";
import { EntryChecks, type Remarks } from "./entry-checks.ts";
import type { Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { type LogFault, type LogFaultCode, LogFaultError } from "./log-fault.ts";
import { walkLog } from "./log-walk.ts";
import type { VerifiedSignature } from "./note.ts";
import type { Verify } from "./signer.ts";
import type { VerifySpool } from "./spool-checks.ts";
import type { ReadFile } from "./tile-source.ts";
import { parseVkey, type VerifierKey } from "./vkey.ts";

export interface VerifyLogOptions {
  readonly sha256: Sha256;
  readonly verify: Verify;
  /** A signed checkpoint that was kept from before: the log must still hold all that it held then. */
  readonly oldCheckpoint?: string | Uint8Array;
  /** Verifies what points signed; absent: only the chains of their spools are followed. */
  readonly verifySpool?: VerifySpool;
  /** Cosignature keys; whichever of them signed is named in the answer. */
  readonly cosigners?: readonly VerifierKey[];
}

/** What holds of a log after every entry was hashed again, or the first thing that does not. */
export type VerifiedLog =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      readonly cosignatures: readonly VerifiedSignature[];
      /** Size of the older checkpoint that this log continues, or null when none was given. */
      readonly continues: number | null;
      readonly remarks: Remarks;
    }
  | ({ readonly ok: false } & LogFault);

/**
 * Verifies a whole log without its server: opens the checkpoint under `vkey`, hashes every entry of the bundles again, compares
 * each hash tile, the root, and the root at the size of an older checkpoint; then looks at what the entries say.
 * Never throws, whatever `read` returns or throws; the fault names the file and the entry.
 */
export async function verifyLog(read: ReadFile, vkey: string, options: VerifyLogOptions): Promise<VerifiedLog> {
  try {
    return await verifyOrFault(bounded(read), vkey, options);
  } catch (error) {
    if (error instanceof LogFaultError) return { ok: false, ...error.fault };
    if (error instanceof AppError && error.code === "ledger.damaged") return { ok: false, ...tileFault(error) };
    throw error;
  }
}

async function verifyOrFault(read: ReadFile, vkey: string, options: VerifyLogOptions): Promise<VerifiedLog> {
  const parsed = parseVkey(options.sha256, vkey);
  if (!parsed.ok) throw new LogFaultError({ code: parsed.code, detail: "the key of the log cannot be used" });
  const trust: Trust = { logKey: parsed.key, cosigners: options.cosigners ?? [], verify: options.verify };
  const path = "checkpoint";
  const note = await read(path, LIMITS.noteBytes);
  if (note === null) throw new LogFaultError({ code: "checkpoint.missing", detail: "there is no checkpoint", path });
  const opened = await openCheckpoint(note, trust);
  if (!opened.ok) throw new LogFaultError({ code: opened.code, detail: "the checkpoint is not one of this log", path });
  const { checkpoint, cosignatures } = opened;
  const old = options.oldCheckpoint === undefined ? null : await openOld(options.oldCheckpoint, trust, checkpoint);
  const checks = new EntryChecks({ sha256: options.sha256, verify: options.verifySpool });
  await walkLog({ read, sha256: options.sha256, checkpoint, old }, (entry, index) => {
    checks.see(entry, index);
  });
  return { ok: true, checkpoint, cosignatures, continues: old?.size ?? null, remarks: checks.finish() };
}

async function openOld(note: string | Uint8Array, trust: Trust, current: Checkpoint): Promise<Checkpoint> {
  const opened = await openCheckpoint(note, trust);
  if (!opened.ok)
    throw new LogFaultError({
      code: "old_checkpoint.refused",
      detail: `the older checkpoint is refused: \`${opened.code}\``,
    });
  const { size } = opened.checkpoint;
  if (size <= current.size) return opened.checkpoint;
  const detail = `the older checkpoint has ${String(size)} entries, this log only ${String(current.size)}: the log was cut`;
  throw new LogFaultError({ code: "old_checkpoint.newer", detail });
}

/** The source with its failures and oversized answers turned into faults. */
function bounded(read: ReadFile): ReadFile {
  return async (path, limitBytes) => {
    let bytes: Uint8Array | null;
    try {
      bytes = await read(path, limitBytes);
    } catch {
      throw new LogFaultError({ code: "source.failed", detail: `\`${path}\` cannot be read`, path });
    }
    if (bytes === null || bytes.length <= limitBytes) return bytes;
    throw new LogFaultError({
      code: "source.too_large",
      detail: `\`${path}\` is larger than any such file may be`,
      path,
    });
  };
}

function tileFault(error: AppError): LogFault {
  const { path, fault } = error.details;
  return { code: fault as LogFaultCode, detail: error.message, ...(typeof path === "string" ? { path } : {}) };
}
