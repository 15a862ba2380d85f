import type { Judge } from "../verdict.ts";
import { unknown, verdict } from "../verdict.ts";
import { BUILTINS } from "./builtins.ts";
import { COPYING } from "./copying.ts";
import { find } from "./find.ts";
import { git } from "./git.ts";
import { NETWORK } from "./network.ts";
import { byTable } from "./program-table.ts";
import { READERS } from "./readers.ts";
import { TEXT_TOOLS } from "./text-tools.ts";
import { WRAPPERS } from "./wrappers.ts";
import { WRITERS } from "./writers.ts";

/** Asked for nothing but its version, a program of this name prints it. */
const ANSWERS_VERSION =
  /^(?:node|npm|python3?|pip3?|ruby|perl|java|javac|gcc|clang|make|cmake|docker|git|deno|psql|sqlite3)$/;

const JUDGES: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ...Object.entries({ ...READERS, ...WRITERS }).map(([name, table]): [string, Judge] => [name, byTable(name, table)]),
  ...Object.entries({ ...BUILTINS, ...WRAPPERS, ...TEXT_TOOLS, ...COPYING, ...NETWORK, find, git }),
]);

/** The judge of a program by its name, or by its path in one of the system's folders; null if it is not known. */
export function judgeOf(name: string): Judge | null {
  const known = /^(?:\/usr)?\/s?bin\/([^/]+)$/.exec(name)?.[1] ?? name;
  const judge = JUDGES.get(known) ?? null;
  return ANSWERS_VERSION.test(known) ? onlyVersion(known, judge) : judge;
}

function onlyVersion(name: string, judge: Judge | null): Judge {
  return (words, context) => {
    const [only, ...more] = words;
    if (more.length === 0 && only?.kind === "plain" && only.value === "--version")
      return verdict("read", "only prints its version");
    return judge === null ? unknown(`what \`${name}\` runs is not known`) : judge(words, context);
  };
}
