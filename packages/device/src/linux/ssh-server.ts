import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

const CONFIG = "/etc/ssh/sshd_config";
const DROP_INS = "/etc/ssh/sshd_config.d";

/** True when no ssh server is installed, or it takes neither passwords nor root (sshd_config(5): the first value counts). */
export async function readSshPasswords(machine: Machine): Promise<PostureFact> {
  const programs = await machine.list("/usr/sbin");
  if (programs !== null && !programs.includes("sshd")) return fact(true, "no ssh server is installed");
  const lines = await readLines(machine);
  if (lines === null) return unknown(`${CONFIG} cannot be read`);
  // What stands under `Match` holds for some connections only; `sshd -T` could tell, but needs root.
  const global = lines.findIndex(([keyword]) => keyword === "match");
  const conditional = global < 0 ? [] : lines.slice(global);
  if (conditional.some(([keyword]) => keyword === "passwordauthentication" || keyword === "permitrootlogin")) {
    return unknown(`${CONFIG} has conditions`);
  }
  const first = (wanted: string): string | undefined => lines.find(([keyword]) => keyword === wanted)?.[1];
  return fact(first("passwordauthentication") === "no" && first("permitrootlogin") === "no", CONFIG);
}

async function readLines(machine: Machine): Promise<[string, string][] | null> {
  const main = (await machine.read(CONFIG))?.toString("utf8");
  if (main === undefined) return null;
  const lines: [string, string][] = [];
  for (const [keyword, value] of parse(main)) {
    if (keyword !== "include") lines.push([keyword, value]);
    else if (value === `${DROP_INS}/*.conf`) lines.push(...(await readDropIns(machine)));
    else return null;
  }
  return lines;
}

async function readDropIns(machine: Machine): Promise<[string, string][]> {
  const names = ((await machine.list(DROP_INS)) ?? []).filter((name) => name.endsWith(".conf")).toSorted();
  const texts = await Promise.all(names.map((name) => machine.read(`${DROP_INS}/${name}`)));
  // A file that cannot be read may say anything: as a condition on both keywords it makes the answer unknown.
  return texts.flatMap((text) =>
    text === null
      ? [
          ["match", ""],
          ["permitrootlogin", ""],
        ]
      : parse(text.toString("utf8")),
  );
}

function parse(text: string): [string, string][] {
  return text.split("\n").flatMap((line) => {
    const [, keyword, value = ""] = /^\s*([A-Za-z]+)[\s=]+"?([^"#]*?)"?\s*(?:#.*)?$/.exec(line) ?? [];
    return keyword === undefined ? [] : [[keyword.toLowerCase(), value.trim().toLowerCase()]];
  });
}
