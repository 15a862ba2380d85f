import { type Effect, graver } from "@countersign/core";
import { type Folders, allBelow, fileResource, pathsOf, withAllBelow } from "./files.ts";
import type { JudgedResource } from "./judgement.ts";
import type { ShellWord } from "./shell-word.ts";
import { mayReachSteering, steersLaterCommands } from "./steering.ts";

/** What one command does by itself. */
export interface Verdict {
  readonly effect: Effect;
  readonly reason: string;
  readonly resources: readonly JudgedResource[];
  /** Where the shell is afterwards, if the command succeeded and moved it. */
  readonly folders?: Folders;
}

/** What a judge of a program may use. */
export interface CommandContext {
  readonly home: string;
  readonly folders: Folders;
  /** Judges the command that a wrapper runs. */
  readonly run: (words: readonly ShellWord[], folders: Folders) => Effect;
  /** Judges text that a shell runs. */
  readonly runText: (text: string, isPlainShell: boolean) => void;
}

/** Judges one program by its words, its name left out. */
export type Judge = (words: readonly ShellWord[], context: CommandContext) => Verdict;

/** A verdict without places. */
export function verdict(effect: Effect, reason: string): Verdict {
  return { effect, reason, resources: [] };
}

export function unknown(reason: string): Verdict {
  return verdict("unknown", reason);
}

/** A word that can only mean a folder: what is done is done to what lies in it. */
const isFolder = ({ kind, value }: ShellWord): boolean => kind === "plain" && /(?:^|\/)\.{0,2}$/.test(value);

/** Files that a command touches in one way. */
export interface Touched {
  readonly words: readonly ShellWord[];
  readonly effect: Effect;
  /** With all that lies below them. */
  readonly recurses?: boolean;
  /** What is there goes away; nothing new stands in its place. */
  readonly removes?: boolean;
}

/** A verdict with the files that are touched; unknown where only the shell knows which, or where they steer later commands. */
export function touching(base: Verdict, touched: readonly Touched[], context: CommandContext): Verdict {
  const resources = [...base.resources];
  let { effect } = base;
  for (const { words, effect: how, recurses, removes } of touched) {
    for (const word of words) {
      const paths = pathsOf(word, context.folders);
      if (!paths.ok) return unknown(paths.reason);
      const names = paths.names.filter((path) => path !== "/dev/null");
      const all =
        removes !== true && isFolder(word)
          ? names.map(allBelow)
          : recurses === true
            ? names.flatMap(withAllBelow)
            : names;
      if (how !== "read" && removes !== true) {
        const steering = steeringAmong(all, word, context.home);
        if (steering !== null) return unknown(`\`${steering}\` may steer what later commands do`);
      }
      resources.push(...all.map((path) => fileResource(path, how)));
      effect = graver(how, effect);
    }
  }
  return { ...base, effect, resources };
}

/** The first name to write which is never a mere write. */
export function steeringAmong(names: readonly string[], word: ShellWord, home: string): string | null {
  const folderOf = (name: string): string => name.replace(/\/\*\*$/, "") || "/";
  const found = names.find(
    (name) =>
      steersLaterCommands(name, home) || (word.kind === "pattern" && mayReachSteering(word, folderOf(name), home)),
  );
  return found ?? null;
}
