import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";

/** One check of `doctor`, in the form of `GET /v1/doctor`. */
export interface OfflineCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly next?: string;
}

/**
 * What can be said of a data directory while no control plane runs on it. Reads only; opens no database.
 * Checks of the database and the ledger themselves belong to the server and are added here when it offers them.
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
  return [notRunning(), folder(dataDir, facts), await usable(dataDir), await configuration(dataDir)];
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
