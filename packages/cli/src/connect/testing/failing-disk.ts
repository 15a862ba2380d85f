import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** Every call by which this program changes something on a disk. */
const CHANGES = [
  "openSync",
  "writeSync",
  "fsyncSync",
  "fchmodSync",
  "fchownSync",
  "renameSync",
  "rmSync",
  "mkdirSync",
] as const;
/** `full`: that one call finds no space. `dead`: from that call on nothing happens any more, as after a power cut. */
export type Failure = "full" | "dead";

class Dead extends Error {}
type Calls = Record<(typeof CHANGES)[number], (...args: never[]) => unknown>;

/** Runs `act` on a disk that fails at the given call, counted from 1. */
export function onFailingDisk<T>(
  { at, how }: { readonly at: number; readonly how: Failure },
  act: () => T,
): { readonly reached: boolean; readonly result: T | null; readonly error: unknown } {
  const calls = fs as unknown as Calls;
  const real = Object.fromEntries(CHANGES.map((name) => [name, calls[name]])) as Calls;
  let count = 0;
  for (const name of CHANGES) {
    calls[name] = (...args) => {
      if (!changes(name, args)) return real[name](...args);
      count += 1;
      if (how === "dead" && count >= at) throw new Dead("the machine is off");
      if (how === "full" && count === at) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      return real[name](...args);
    };
  }
  syncBuiltinESMExports();
  try {
    return { result: act(), error: null, reached: count >= at };
  } catch (error) {
    return { result: null, error, reached: count >= at };
  } finally {
    Object.assign(calls, real);
    syncBuiltinESMExports();
  }
}

/** Opening to read changes nothing. */
function changes(name: string, args: readonly unknown[]): boolean {
  return name !== "openSync" || String(args[1]).startsWith("w");
}
