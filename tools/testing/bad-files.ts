/** A file that breaks one rule, the gate that has to see it and what the gate then says about that file. */
export interface BadFile {
  readonly gate: string;
  readonly breaks: string;
  readonly path: string;
  readonly text: string;
  readonly says: string;
}

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");
const lint = (path: string, breaks: string, rest: Pick<BadFile, "text" | "says">): BadFile => ({
  gate: "lint",
  path,
  breaks,
  ...rest,
});
const direction = (path: string, breaks: string, rest: Pick<BadFile, "text" | "says">): BadFile => ({
  gate: "direction",
  path,
  breaks,
  ...rest,
});

const LINT: readonly BadFile[] = [
  lint("packages/core/src/floating.ts", "a floating promise", {
    text: "export function start(work: () => Promise<void>): void {\n  work();\n}\n",
    says: "(no-floating-promises)",
  }),
  lint("packages/core/src/switch.ts", "a switch that forgets a case", {
    text: 'export function size(of: "s" | "m"): number {\n  switch (of) {\n    case "s":\n      return 1;\n  }\n  return 0;\n}\n',
    says: "(switch-exhaustiveness-check)",
  }),
  lint("packages/core/src/reads-file.ts", "`node:fs` in pure code", {
    text: 'import { readFileSync } from "node:fs";\n\nexport const read = (): string => readFileSync("a", "utf8");\n',
    says: "(no-nodejs-modules)",
  }),
  lint("packages/ledger/src/knows-process.ts", "`process` in pure code", {
    text: "export const pid = (): number => process.pid;\n",
    says: "(no-restricted-globals)",
  }),
  lint("packages/policy/src/fetches.ts", "`fetch` in pure code", {
    text: 'export const load = (): Promise<Response> => fetch("http://localhost");\n',
    says: "(no-restricted-globals)",
  }),
  lint("packages/core/src/clock.ts", "`Date.now` in pure code", {
    text: "export const now = (): number => Date.now();\n",
    says: "(no-restricted-properties)",
  }),
  lint("packages/core/src/chance.ts", "`Math.random`", {
    text: "export const chance = (): number => Math.random();\n",
    says: "(no-restricted-properties)",
  }),
  lint("packages/server/src/agents/environment.ts", "the environment read outside `environment.ts` of the package", {
    text: 'export const home = (): string | undefined => process.env["HOME"];\n',
    says: "(no-process-env)",
  }),
  lint("packages/server/src/agents/opens-database.ts", "SQLite outside the store", {
    text: 'import { DatabaseSync } from "node:sqlite";\n\nexport const open = (): DatabaseSync => new DatabaseSync("a");\n',
    says: "(no-restricted-imports)",
  }),
  lint("packages/gateway/src/decides.ts", "a gateway that decides by itself", {
    text: 'import { decide } from "@countersign/policy";\n\nexport const own = (): string => decide();\n',
    says: "(no-restricted-imports)",
  }),
  lint("packages/core/src/long-file.ts", "a file of 401 lines", {
    text: many(401, (i) => `export const n${i}: number = ${i};\n`),
    says: "(max-lines)",
  }),
  lint("packages/core/src/long-function.ts", "a function of 51 lines", {
    text: `export function long(list: number[]): void {\n${many(49, (i) => `  list.push(${i});\n`)}}\n`,
    says: "(max-lines-per-function)",
  }),
  lint("packages/core/src/four-parameters.ts", "four parameters", {
    text: "export function four(a: number, b: number, c: number, d: number): number {\n  return a + b + c + d;\n}\n",
    says: "(max-params)",
  }),
  lint("packages/core/src/tangled.ts", "a complexity of 13", {
    text: `export function tangled(n: number): number {\n${many(12, (i) => `  if (n === ${i}) return ${i};\n`)}  return -1;\n}\n`,
    says: "(complexity)",
  }),
  lint("packages/core/src/camelCase.ts", "a name that is not kebab-case", {
    text: "export const one = 1;\n",
    says: "(filename-case)",
  }),
  lint("packages/core/src/default-export.ts", "a default export", {
    text: "const one = 1;\nexport default one;\n",
    says: "(no-default-export)",
  }),
  lint("packages/core/src/only.test.ts", "a test that keeps the others from running", {
    text: 'import { expect, it } from "vitest";\n\nit.only("one", () => {\n  expect(1).toBe(1);\n});\n',
    says: "(no-focused-tests)",
  }),
];

const DIRECTION: readonly BadFile[] = [
  direction("packages/policy/src/upwards.ts", "policy importing server", {
    text: 'import { build } from "@countersign/server";\n\nexport const up: unknown = build;\n',
    says: "layer-policy",
  }),
  direction("packages/gateway/src/sideways.ts", "gateway importing server", {
    text: 'import { build } from "@countersign/server";\n\nexport const side: unknown = build;\n',
    says: "layer-gateway",
  }),
  direction("packages/policy/src/upwards-using.ts", "policy importing server, in a file with `using`", {
    text: 'import { build } from "@countersign/server";\n\nexport function up(): void {\n  using it = build as never;\n}\n',
    says: "layer-policy",
  }),
  direction("packages/enforce/src/past-the-index.ts", "a file inside of another package", {
    text: 'import { word } from "../../core/src/word.ts";\n\nexport const deep: string = word;\n',
    says: "package-through-index",
  }),
  direction("packages/enforce/src/past-the-index.test.ts", "a test with a file inside of another package", {
    text: 'import { word } from "../../core/src/word.ts";\n\nexport const deep: string = word;\n',
    says: "package-through-index-in-tests",
  }),
  direction("packages/server/src/decisions/past-the-index.ts", "a file inside of another module", {
    text: 'import { agents } from "../agents/agent.ts";\n\nexport const deep: unknown = agents;\n',
    says: "module-through-index",
  }),
  direction("packages/server/src/wires-the-inside.ts", "wiring with the inside of a module", {
    text: 'import { agents } from "./agents/agent.ts";\n\nexport const deep: unknown = agents;\n',
    says: "wiring-through-index",
  }),
  direction("packages/core/src/ring.ts", "a cycle", {
    text: 'export { word } from "./ring-back.ts";\nexport const ring = 1;\n',
    says: "no-cycle",
  }),
  direction("packages/core/src/ring-back.ts", "a cycle, seen from its other end", {
    text: 'import { ring } from "./ring.ts";\n\nexport const word: number = ring;\n',
    says: "no-cycle",
  }),
  direction("packages/core/src/nowhere.ts", "a deep import by name", {
    text: 'export { word } from "@countersign/core/src/word.ts";\n',
    says: "no-unresolved",
  }),
  direction("packages/core/src/imports-test.ts", "product code importing a test", {
    text: 'export { thing } from "./thing.test.ts";\n',
    says: "not-to-test",
  }),
  direction("packages/extra/src/index.ts", "a package without a row", {
    text: 'import { word } from "@countersign/core";\n\nexport const extra: string = word;\n',
    says: "no-unknown-package",
  }),
];

const OTHERS: readonly BadFile[] = [
  {
    gate: "types",
    breaks: "a type error",
    path: "packages/core/src/wrong-type.ts",
    text: 'export const count: number = "one";\n',
    says: "TS2322",
  },
  {
    gate: "types",
    breaks: "an import past the `exports` of a package",
    path: "packages/enforce/src/deep.ts",
    text: 'export { word } from "@countersign/core/src/word.ts";\n',
    says: "TS2307",
  },
  {
    gate: "types",
    breaks: "syntax that type stripping cannot run",
    path: "packages/core/src/enum.ts",
    text: "export enum Size {\n  Small,\n}\n",
    says: "TS1294",
  },
  {
    gate: "format",
    breaks: "a badly formatted file",
    path: "packages/core/src/formatted.ts",
    text: "export const one   =   1\n",
    says: "",
  },
  {
    gate: "dead code",
    breaks: "a file that nothing imports",
    path: "packages/core/src/unused-file.ts",
    text: "export const nothing = 1;\n",
    says: "",
  },
  {
    gate: "dead code",
    breaks: "an export that nothing imports",
    path: "packages/core/src/word.ts",
    text: 'export const word: string = "word";\nexport const unusedExport = 1;\n',
    says: "unusedExport",
  },
  {
    gate: "dead code",
    breaks: "a package that the manifest does not declare",
    path: "packages/policy/src/index.ts",
    text: 'import { word } from "@countersign/core";\nimport { leaf } from "@countersign/ledger";\n\nexport const decide = (): string => word + leaf();\n',
    says: "@countersign/ledger",
  },
  {
    gate: "unused tools",
    breaks: "a package that a test uses and no manifest declares",
    path: "packages/core/src/word.test.ts",
    text: 'import { test } from "fast-check";\n\ntest();\n',
    says: "fast-check",
  },
  {
    gate: "layout",
    breaks: "SQL outside the store",
    path: "packages/server/src/agents/query.ts",
    text: "export const query = `SELECT id\n  FROM agent`;\n",
    says: "sql-outside-store",
  },
  {
    gate: "layout",
    breaks: "the present time in pure code",
    path: "packages/core/src/present.ts",
    text: "export const present = (): Date => new Date();\n",
    says: "clock-in-pure-code",
  },
  {
    gate: "layout",
    breaks: "a name that says nothing",
    path: "packages/core/src/string-utils.ts",
    text: "export const one = 1;\n",
    says: "vague-name",
  },
  {
    gate: "layout",
    breaks: "a public surface without names",
    path: "packages/core/src/all.ts",
    text: 'export * from "./word.ts";\n',
    says: "export-star",
  },
  {
    gate: "layout",
    breaks: "a path of one machine",
    path: "packages/core/src/machine.ts",
    text: 'export const home = "/home/someone/data";\n',
    says: "machine-path",
  },
];

export const BAD_FILES: readonly BadFile[] = [...LINT, ...DIRECTION, ...OTHERS];
