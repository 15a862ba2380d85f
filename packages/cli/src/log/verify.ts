import { AppError } from "@countersign/core";
import { isSignedBy } from "@countersign/credentials";
import { verifyLog } from "@countersign/ledger";
import type { LogSource } from "./log-source.ts";
import { nativeSha256, verifyEd25519 } from "./native-crypto.ts";

type LogVerdict = Awaited<ReturnType<typeof verifyLog>>;
type SoundLog = Extract<LogVerdict, { ok: true }>;

/** What holds of a log whose every entry was hashed again. */
export interface VerifiedLog {
  readonly ok: true;
  readonly place: string;
  readonly origin: string;
  readonly size: number;
  /** base64 root of the tree. */
  readonly root: string;
  readonly vkey: string;
  /** Things an auditor looks at although every hash fits; the first ones, and how many there are. */
  readonly remarks: SoundLog["remarks"]["listed"];
  readonly remarksTotal: number;
}

/**
 * Verifies a whole log.
 * @throws AppError `ledger.damaged` that names the first file or entry that is wrong; the codes of a source that cannot be read.
 */
export async function verifySource(source: LogSource): Promise<VerifiedLog> {
  const vkey = await source.vkey();
  let fault: AppError | null = null;
  // The verifier takes every failure of its source as a fault of the log; a server that is down is another thing.
  const read: LogSource["read"] = async (path, limitBytes) => {
    try {
      return await source.read(path, limitBytes);
    } catch (error) {
      if (error instanceof AppError) fault ??= error;
      throw error;
    }
  };
  const verdict = await verifyLog(read, vkey, {
    sha256: nativeSha256,
    verify: verifyEd25519,
    verifySpool: isSignedBy,
  });
  if (verdict.ok) return verified(verdict, source.place, vkey);
  throw fault ?? damaged(verdict, source.place);
}

function verified({ checkpoint, remarks }: SoundLog, place: string, vkey: string): VerifiedLog {
  const root = Buffer.from(checkpoint.root).toString("base64");
  const { listed, total } = remarks;
  return {
    ok: true,
    place,
    origin: checkpoint.origin,
    size: checkpoint.size,
    root,
    vkey,
    remarks: listed,
    remarksTotal: total,
  };
}

function damaged({ code, detail, path, index }: Extract<LogVerdict, { ok: false }>, place: string): AppError {
  const where = [
    ...(path === undefined ? [] : [`file \`${path}\``]),
    ...(index === undefined ? [] : [`entry ${String(index)}`]),
  ].join(", ");
  return new AppError("ledger.damaged", {
    detail: `the log at \`${place}\` is not sound: ${detail}${where === "" ? "" : ` (${where})`}`,
    details: { fault: code, ...(path === undefined ? {} : { path }), ...(index === undefined ? {} : { index }) },
  });
}
