import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

const DEEPEST = 8;

/** True when all that lies under `/` and `/home` is on dm-crypt devices: read from the mount table and the device tree in sysfs. */
export async function readDiskEncryption(machine: Machine): Promise<PostureFact> {
  const table = (await machine.read("/proc/self/mountinfo"))?.toString("utf8");
  if (table === undefined) return unknown("/proc/self/mountinfo cannot be read");
  const mounts = parseMounts(table);
  const answers: (boolean | null)[] = [];
  for (const target of ["/", "/home"]) {
    const mount = mounts.findLast((entry) => entry.target === target);
    if (mount !== undefined) answers.push(await isEncrypted(machine, deviceFolder(mount), 0));
    else if (target === "/") answers.push(null);
  }
  if (answers.includes(false)) return fact(false, "a mounted disk in /sys/dev/block is not under dm-crypt");
  if (answers.includes(null)) return unknown("the file system names no block device");
  return fact(true, "dm-crypt devices in /sys/dev/block");
}

interface Mount {
  readonly device: string;
  readonly target: string;
  readonly source: string;
}

/** Format: proc_pid_mountinfo(5). */
function parseMounts(table: string): Mount[] {
  return table.split("\n").flatMap((line) => {
    const [head = "", tail = ""] = line.split(" - ");
    const [, , device = "", , target = ""] = head.split(" ");
    return target === "" ? [] : [{ device, target, source: tail.split(" ")[1] ?? "" }];
  });
}

function deviceFolder({ device, source }: Mount): string | null {
  if (/^[1-9]\d*:\d+$/.test(device)) return `/sys/dev/block/${device}`;
  // File systems with many devices (btrfs) have a number of their own, but name one of them.
  const name = /^\/dev\/([a-z0-9]+)$/.exec(source)?.[1];
  return name === undefined ? null : `/sys/class/block/${name}`;
}

async function isEncrypted(machine: Machine, folder: string | null, depth: number): Promise<boolean | null> {
  if (folder === null || depth > DEEPEST || (await machine.exists(folder)) !== true) return null;
  const uuid = (await machine.read(`${folder}/dm/uuid`))?.toString("utf8") ?? "";
  if (uuid.startsWith("CRYPT-")) return true;
  const below = await machine.list(`${folder}/slaves`);
  // A partition has no list of its own; a loop device lies on a file whose disk is not followed.
  if ((await machine.exists(`${folder}/loop`)) !== false) return null;
  if (below === null || below.length === 0) return false;
  const answers = await Promise.all(below.map((name) => isEncrypted(machine, `${folder}/slaves/${name}`, depth + 1)));
  if (answers.includes(false)) return false;
  return answers.includes(null) ? null : true;
}
