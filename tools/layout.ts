import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "./gate.ts";
import { sourceFiles } from "./source-files.ts";

interface Rule {
  readonly name: string;
  readonly says: string;
  /** Files that the rule looks at. */
  readonly where: (path: string) => boolean;
  /** Whether the file breaks it. */
  readonly broken: (path: string, text: string) => boolean;
}

const FOLDERS = ["packages", "e2e", "bench", "conformance", "tools"];
const PURE = /^packages\/(core|ledger|policy|api)\/src\//;
const VAGUE = /(^|[-/])(utils?|helpers?|common|misc|managers?|handlers?|v\d+|new)(-|\/|\.tsx?$|\.test\.ts$)/;
const SQL =
  /\b(SELECT\s[\s\S]{1,200}?\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX|UNIQUE|TRIGGER)|PRAGMA\s+\w)/;
const SQL_PLACES = /^packages\/(server\/src\/store|gateway\/src\/postgres\/(catalogue|roles|preview))\//;

/** Rules about files and text that no other tool knows. */
const RULES: readonly Rule[] = [
  {
    name: "vague-name",
    says: "name the file after what it holds",
    where: () => true,
    broken: (path) => VAGUE.test(path.replace(/^packages\//, "")),
  },
  {
    name: "sql-outside-store",
    says: "SQL stays in `packages/server/src/store`; that for guarded databases in `gateway/src/postgres/{catalogue,roles,preview}`",
    where: (path) => isProduct(path) && !path.includes("/testing/") && !SQL_PLACES.test(path),
    broken: (_, text) => SQL.test(withoutComments(text)),
  },
  {
    name: "clock-in-pure-code",
    says: "pass the time in",
    where: (path) => isProduct(path) && PURE.test(path),
    broken: (_, text) => /\bnew Date\(\s*\)|\bDate\(\s*\)/.test(withoutComments(text)),
  },
  {
    name: "export-star",
    says: "name each export: the index is the public surface",
    where: isProduct,
    broken: (_, text) => /^export \* from/m.test(text),
  },
  {
    name: "machine-path",
    says: "a path of one machine does not belong into the repository",
    where: isProduct,
    broken: (_, text) => /["'`](\/home\/\w|\/root\/|\/Users\/\w)/.test(text),
  },
];

const MEDIAN_LINES_MAX = 100;

/** Looks at every TypeScript file of `root`; each line of the output names a rule, a file and the way out. */
export function checkLayout(root: string): GateResult {
  const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
  const lengths: number[] = [];
  const lines = sourceFiles(root, folders).flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    if (isProduct(path)) lengths.push(text.split("\n").length - 1);
    const broken = RULES.filter((rule) => rule.where(path) && rule.broken(path, text));
    return broken.map(({ name, says }) => `${name}: ${path}: ${says}`);
  });
  const median = lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  if (median > MEDIAN_LINES_MAX)
    lines.push(`long-files: packages: the median source file has ${median} lines, at most ${MEDIAN_LINES_MAX}`);
  return { ok: lines.length === 0, output: lines.join("\n") };
}

function isProduct(path: string): boolean {
  return path.startsWith("packages/") && !path.endsWith(".test.ts");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
