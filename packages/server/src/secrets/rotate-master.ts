import { AppError } from "@countersign/core";
import { type MasterMark, fingerprintOf, markBlob, newMasterKey, readMark } from "../keys/index.ts";
import { type Kernel, serverEntry } from "../kernel.ts";
import { rewrapAll } from "./rewrap.ts";

/** How far a replacement of the master key is. */
export type Rotated =
  /** The file has the new key beside the one in use. It is for every server of the installation; then this is asked for once more. */
  | { readonly state: "prepared"; readonly file: string }
  | { readonly state: "rotated"; readonly file: string; readonly rewrapped: number };

/** Another server may just be making a key for somebody under the former master key: it is looked for again until nothing is found. */
const MOST_PASSES = 20;
const MOST_RETIRED = 8;

/**
 * Replaces the master key. While it runs the file holds both keys, and every server opens with either; so whatever cuts it off leaves an
 * installation that opens, and asking again goes on where it was. `isShared`: other servers have files of their own, so the first call only
 * makes the new key.
 * @throws AppError `config.invalid`, `data.damaged`, `approval.changed` when another server does the same at this moment
 */
export async function rotateMaster(kernel: Kernel, { isShared }: { readonly isShared: boolean }): Promise<Rotated> {
  return await kernel.store.exclusively(async () => await rotate(kernel, isShared));
}

async function rotate(kernel: Kernel, isShared: boolean): Promise<Rotated> {
  const { store, random } = kernel;
  const { masters } = kernel.keys;
  const { file } = masters;
  if (file === null) throw new AppError("internal.error", { detail: "the master key has no file" });
  const keys = await masters.read();
  const inUse = await masters.current();
  const mark = (await readMark(store)) ?? { current: fingerprintOf(inUse), retired: [], state: "done" as const };
  let target = mark.state === "rewrapping" ? inUse : nextOf(keys, mark);
  if (target === null) {
    target = newMasterKey(random);
    await masters.replace([inUse, target]);
    if (isShared) return { state: "prepared", file };
  }
  const retired = mark.state === "rewrapping" ? mark.retired : [mark.current, ...mark.retired].slice(0, MOST_RETIRED);
  const next: MasterMark = { current: fingerprintOf(target), retired, state: "rewrapping" };
  await store.commit({ blobs: [markBlob(next)] });
  const rewrapped = await untilNothing(kernel, target);
  await masters.replace([target]);
  // What somebody wrapped between the last look and this moment: the former key is still at hand.
  const late = await untilNothing(kernel, target);
  masters.keepOnly([target]);
  await store.commit({
    blobs: [markBlob({ ...next, state: "done" })],
    entries: [
      serverEntry(kernel, "key", {
        action: "master-key.rotate",
        cause: { rewrapped: rewrapped + late, current: next.current, retired: retired[0] ?? null },
      }),
    ],
  });
  return { state: "rotated", file, rewrapped: rewrapped + late };
}

/** The key that a first call made, or that somebody put into the file: one that was never in use. */
function nextOf(keys: readonly Buffer[], { current, retired }: MasterMark): Buffer | null {
  const next = keys.find((key) => ![current, ...retired].includes(fingerprintOf(key)));
  return next ?? null;
}

async function untilNothing({ store, keys: { masters }, random }: Kernel, target: Buffer): Promise<number> {
  let all = 0;
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const found = await rewrapAll({ store, masters, random }, target);
    if (found === 0) return all;
    all += found;
  }
  throw new AppError("ledger.unavailable", {
    detail:
      "keys come under the former master key as fast as they are put under the new one; give every server the new file",
  });
}
