import { type Effect, graver } from "@countersign/core";
import type { Touched } from "./touched.ts";

/** Absolute folders that Countersign itself lives by on this machine. */
export interface OwnPlaces {
  /** What it runs: whoever changes that changes what is judged. */
  readonly programs: readonly string[];
  /** Where its keys, sessions, database and backups of client configurations are. */
  readonly secrets: readonly string[];
}

/** Where it keeps things for whoever has this home, unless the environment says otherwise. */
const IN_HOME = ["/.config/countersign", "/.local/state/countersign"];
/** What a process was started with, and what it holds: secrets of upstreams too. */
const OF_PROCESSES = /^\/proc\/(?:\*\*|[^/]+\/(?:\*\*|environ|mem|maps|auxv|fd|root|cwd|task)(?:\/|$)|\*\*)/;

/**
 * INV-12: nothing that touches Countersign's own places is a mere read or write: an agent that reads its keys, or changes its program or
 * data, could loosen what is asked of it. Such a use is `unknown`, and so held.
 */
export function guardOwnPlaces(touched: readonly Touched[], home: string, own: OwnPlaces): readonly Touched[] {
  const secrets = [...own.secrets, ...IN_HOME.map((folder) => `${home}${folder}`)].map(small);
  const programs = own.programs.map(small);
  return touched.map((one) => {
    if (!one.resource.startsWith("file:")) return one;
    const path = small(one.resource.slice("file:".length));
    const isSecret = OF_PROCESSES.test(path) || secrets.some((folder) => meets(path, folder));
    const isProgram = one.effect !== "read" && programs.some((folder) => meets(path, folder));
    const effect: Effect = isSecret || isProgram ? graver(one.effect, "unknown") : one.effect;
    return { ...one, effect };
  });
}

/** Some systems take big letters for small ones. */
function small(path: string): string {
  return path.toLowerCase();
}

/** Whether a path, or anything below it when it ends with `/**`, is a folder or in it. */
function meets(path: string, folder: string): boolean {
  const wide = path.endsWith("/**");
  const begins = wide ? path.slice(0, -"/**".length) : path;
  return begins === folder || begins.startsWith(`${folder}/`) || (wide && `${folder}/`.startsWith(`${begins}/`));
}
