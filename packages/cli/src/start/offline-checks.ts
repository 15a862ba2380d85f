import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@countersign/core";
import { examineDatabase } from "@countersign/server";
import { folderSource } from "../log/log-source.ts";
import { verifySource } from "../log/verify.ts";

/** One check of `doctor`, in the form of `GET /v1/doctor`; without a level it says all by `ok`. */
export interface OfflineCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly level?: "ok" | "warning" | "failed";
  readonly detail: string;
  readonly next?: string;
}

/**
 * What can be said of a data directory while no control plane runs on it: the folder, the database against its journal, and the
 * published ledger as a stranger would verify it.
 */
export async function checkOffline(dataDir: string): Promise<readonly OfflineCheck[]> {
  const facts = await stat(dataDir).catch(() => null);
  if (facts === null) {
    const detail = `\`${dataDir}\` is not there`;
    return [
      notRunning(),
      { name: "data directory", ok: false, detail, next: "start with `countersign up`, or name another with `--data`" },
    ];
  }
  const kept = [folder(dataDir, facts), await usable(dataDir)];
  // A folder that is not ours is not opened: what is in it would be changed by that.
  const inside = kept.every(({ ok }) => ok)
    ? [await examineDatabase(dataDir, Date.now), await publishedLedger(dataDir)]
    : [];
  return [notRunning(), ...kept, ...inside, await configuration(dataDir)];
}

async function publishedLedger(dataDir: string): Promise<OfflineCheck> {
  const name = "ledger";
  const folderOfLog = join(dataDir, "ledger");
  const there = await access(join(folderOfLog, "vkey")).then(
    () => true,
    () => false,
  );
  if (!there) return { name, ok: true, detail: "none yet" };
  try {
    const { size } = await verifySource(folderSource(folderOfLog));
    return { name, ok: true, detail: `${String(size)} published entries verify` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const next = "keep this directory as it is and compare with an export that you hold";
    return { name, ok: false, detail: error.detail ?? error.message, next };
  }
}

function notRunning(): OfflineCheck {
  return { name: "control plane", ok: false, detail: "does not run on this data directory", next: "countersign up" };
}

interface FolderFacts {
  readonly mode: number;
  readonly uid: number;
  isDirectory(): boolean;
}

function folder(dataDir: string, facts: FolderFacts): OfflineCheck {
  const name = "data directory";
  if (!facts.isDirectory())
    return { name, ok: false, detail: `\`${dataDir}\` is no folder`, next: "name another with `--data`" };
  const uid = process.getuid?.() ?? facts.uid;
  if (facts.uid !== uid)
    return { name, ok: false, detail: `\`${dataDir}\` belongs to another user`, next: "run this as that user" };
  if ((facts.mode & 0o077) !== 0)
    return { name, ok: false, detail: `others can read \`${dataDir}\``, next: `chmod 700 ${dataDir}` };
  return { name, ok: true, detail: `\`${dataDir}\`, readable by its owner only` };
}

async function usable(dataDir: string): Promise<OfflineCheck> {
  const writable = await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return writable
    ? { name: "rights", ok: true, detail: "can be read and written" }
    : {
        name: "rights",
        ok: false,
        detail: "cannot be read and written",
        next: "run this as the user of the control plane",
      };
}

async function configuration(dataDir: string): Promise<OfflineCheck> {
  const file = join(dataDir, "countersign.yaml");
  const there = await access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
  return { name: "configuration", ok: true, detail: there ? `\`${file}\`` : "none: defaults are used" };
}
