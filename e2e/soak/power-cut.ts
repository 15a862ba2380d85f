import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Acknowledged, nothingYet } from "./acknowledged.ts";
import { examine, type Examined, logKeyOf } from "./examine.ts";
import type { Loop, Round } from "./loop.ts";
import { killAtWork } from "./victim.ts";

const IMAGE_BYTES = 768 * 1024 * 1024;

/**
 * A power cut without special hardware. An ext4 file system in an image file is loop-mounted and written to; the writer is killed and
 * the image copied without unmounting or syncing, so that whatever was never synced is absent from the copy. The copy is mounted
 * (ext4 replays its journal) and opened. Every other round begins with a store that was made, closed and synced before.
 */
export const powerCut: Loop = {
  name: "power-cut",
  about: "the power goes while commits are under way (loop-mounted ext4)",
  rounds: 10,
  shortRounds: 3,
  obstacle() {
    if (process.platform !== "linux" || process.getuid?.() !== 0)
      return "mounting an image needs Linux and root; run it as root";
    if (spawnSync("mkfs.ext4", ["-V"]).status !== 0) return "mkfs.ext4 is missing: apt-get install -y e2fsprogs";
    const probe = spawnSync("losetup", ["-f"], { encoding: "utf8" });
    return probe.status === 0
      ? null
      : `no loop device can be had here (${probe.stderr.trim()}); run it on a machine or container that has them`;
  },
  run: rounds,
};

async function* rounds(count: number): AsyncGenerator<Round> {
  for (let round = 1; round <= count; round += 1) {
    const fresh = round % 2 === 1;
    const detail = `cut ${String(round)} of ${String(count)} (${fresh ? "fresh store" : "store made before"})`;
    try {
      const acknowledged = nothingYet();
      const { entries, recovered } = await cut(fresh, acknowledged);
      yield {
        detail: `${detail}: ${String(acknowledged.entries.size)} acknowledged, ${String(entries)} entries, ${String(recovered)} recovered`,
        fault: null,
      };
    } catch (error) {
      yield { detail, fault: error instanceof Error ? error.message : String(error) };
    }
  }
}

async function cut(fresh: boolean, acknowledged: Acknowledged): Promise<Examined> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cut-"));
  const { privateKey } = generateKeyPairSync("ed25519");
  try {
    return await onImage(folder, {
      async work(mounted, copy) {
        const path = join(mounted, "data");
        if (!fresh) {
          await examine(path, logKeyOf(privateKey), nothingYet());
          execFileSync("sync", ["-f", mounted]);
        }
        await killAtWork({ path, privateKey, lines: join(folder, "lines") }, acknowledged, copy);
      },
      look: async (mounted) => await examine(join(mounted, "data"), logKeyOf(privateKey), acknowledged),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs `work` in a new ext4 file system, which calls `cut` when the power goes, and `look` in a copy of what was on the disk at that moment.
 * `folder` is not part of what is cut.
 */
export async function onImage<T>(
  folder: string,
  {
    work,
    look,
  }: {
    readonly work: (mounted: string, cut: () => void) => Promise<void>;
    readonly look: (mounted: string) => Promise<T>;
  },
): Promise<T> {
  const [before, after, image, copy] = ["before", "after", "image", "copy"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  const mounted: string[] = [];
  const mount = (file: string, at: string): void => {
    mkdirSync(at);
    execFileSync("mount", ["-o", "loop", file, at]);
    mounted.push(at);
  };
  try {
    writeFileSync(image, "");
    truncateSync(image, IMAGE_BYTES);
    execFileSync("mkfs.ext4", ["-q", "-F", image]);
    mount(image, before);
    await work(before, () => execFileSync("cp", ["--sparse=always", image, copy]));
    mount(copy, after);
    return await look(after);
  } finally {
    for (const at of mounted) spawnSync("umount", ["-l", at]);
    for (const file of [image, copy]) rmSync(file, { force: true });
  }
}
