import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { EFFECTS } from "@countersign/core";
import fc from "fast-check";
import type { ShellJudgement } from "../judgement.ts";
import { judgeShell } from "../judge-shell.ts";
import { quoted } from "../shell-word.ts";
import { STUBS, line } from "./line-grammar.ts";

export interface Disagreement {
  readonly line: string;
  /** What bash did and the judge did not foresee. */
  readonly unseen: string;
  readonly judgement: ShellJudgement;
}

export interface Comparison {
  readonly disagreements: readonly Disagreement[];
  /** Lines whose effect the judge knew, and calls and changed files that were compared. */
  readonly known: number;
  readonly calls: number;
  readonly changes: number;
}

const REAL = ["env", "nice", "timeout", "nohup", "xargs", "find", "sh", "bash", "sleep"];
const FILES: Readonly<Record<string, string>> = { f1: "one\n", f2: "two\n", "d/f3": "three\n" };

/**
 * Runs generated lines whose effect the judge claims to know in a real bash, each in a folder of its own, with stubs for programs, and compares
 * what happened with what was judged.
 */
export function compareWithBash(
  root: string,
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Comparison {
  const home = join(root, "home");
  const judged = fc
    .sample(line, { seed, numRuns: runs })
    .map((text, at) => ({ text, at, judgement: judgeShell(text, { cwd: join(root, "w", String(at), "in"), home }) }))
    .filter(({ judgement }) => judgement.effect !== "unknown");
  prepare(root, judged);
  execFileSync("/bin/bash", ["--noprofile", "--norc", join(root, "driver.sh")], {
    stdio: "ignore",
    timeout: 120_000,
    env: { PATH: join(root, "bin"), HOME: home, LANG: "C" },
  });
  const all = judged.map((one) => compareOne(one, root));
  return {
    disagreements: all.flatMap(({ disagreements }) => disagreements),
    known: judged.length,
    calls: all.reduce((sum, { calls }) => sum + calls, 0),
    changes: all.reduce((sum, { changes }) => sum + changes, 0),
  };
}

interface Judged {
  readonly text: string;
  readonly at: number;
  readonly judgement: ShellJudgement;
}

function prepare(root: string, lines: readonly Judged[]): void {
  for (const folder of ["bin", "home", "lines", "logs", "w"]) mkdirSync(join(root, folder));
  // One write for a call: two programs may run at once.
  const stub = `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$@" "$(printf '\\1')" >> "$CALLS"\n`;
  for (const name of STUBS) {
    writeFileSync(join(root, "bin", name), stub);
    chmodSync(join(root, "bin", name), 0o755);
  }
  for (const name of REAL) {
    const real = ["/bin", "/usr/bin"].map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (real !== undefined) symlinkSync(real, join(root, "bin", name));
  }
  for (const { at, text } of lines) {
    writeFileSync(join(root, "lines", String(at)), text);
    // One folder deeper than the line, so that `..` stays within its own place.
    mkdirSync(join(root, "w", String(at), "in", "d"), { recursive: true });
    for (const [name, content] of Object.entries(FILES))
      writeFileSync(join(root, "w", String(at), "in", name), content);
  }
  writeFileSync(
    join(root, "driver.sh"),
    `for f in "${root}"/lines/*; do n=\${f##*/}\ncd "${root}/w/$n/in" || exit 1\nexport CALLS="${root}/logs/$n"\ntext=$(<"$f")\n( unset f n; eval "$text" )\ndone </dev/null >/dev/null 2>&1\nwait\ntrue\n`,
  );
}

interface Compared {
  readonly disagreements: readonly Disagreement[];
  readonly calls: number;
  readonly changes: number;
}

function compareOne({ text, at, judgement }: Judged, root: string): Compared {
  const cwd = join(root, "w", String(at), "in");
  const calls = callsOf(join(root, "logs", String(at)));
  const changes = changesOf(join(root, "w", String(at)), cwd);
  const unseen = [
    ...calls.filter((call) => !foresawCall(judgement, call)).map((call) => `call ${call.map(quoted).join(" ")}`),
    ...changes.filter((path) => !foresawChange(judgement, path)).map((path) => `change of ${relative(cwd, path)}`),
  ];
  const disagreements = unseen.map((what) => ({ line: text, unseen: what, judgement }));
  return { disagreements, calls: calls.length, changes: changes.length };
}

function callsOf(log: string): readonly (readonly string[])[] {
  if (!existsSync(log)) return [];
  return readFileSync(log, "utf8")
    .split("\u0001\0")
    .filter((call) => call !== "")
    .map((call) => call.split("\0").slice(0, -1));
}

/** A call is foreseen if it stands among the commands, word for word; where a word was not known before, its program. */
function foresawCall({ commands }: ShellJudgement, call: readonly string[]): boolean {
  const exact = call.map(quoted).join(" ");
  return commands.some(({ text }) => text === exact || (text.split(" ")[0] === call[0] && /[$`*?[{…<~]/.test(text)));
}

function changesOf(place: string, cwd: string): readonly string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => FILES[relative(cwd, path)] !== readFileSync(path, "utf8"));
}

function foresawChange({ resources }: ShellJudgement, path: string): boolean {
  return resources.some(
    ({ resource, effect }) =>
      EFFECTS.indexOf(effect) >= EFFECTS.indexOf("write") &&
      (resource === `file:${path}` || (resource.endsWith("/**") && `file:${path}`.startsWith(resource.slice(0, -2)))),
  );
}
