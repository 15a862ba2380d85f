import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONFIGS = [".oxlintrc.json", ".oxfmtrc.json", ".dependency-cruiser.mjs", "knip.json", "tsconfig.json"];
const INSTALLED = ["@types", "undici-types", "typescript", "vitest", "@swc", ".bin"];

/** Which packages the sample workspace has, and what each declares. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ledger: ["core"],
  policy: ["core"],
  enforce: ["core", "policy"],
  server: ["core", "policy", "enforce"],
  gateway: ["core", "enforce"],
};

/** Sources that break no rule: every package uses what it declares, every export is used. */
const SOURCES: Readonly<Record<string, string>> = {
  "packages/core/src/index.ts": 'export { word } from "./word.ts";\n',
  "packages/core/src/word.ts": 'export const word: string = "word";\n',
  "packages/ledger/src/index.ts": use("core", "leaf"),
  "packages/policy/src/index.ts": use("core", "decide"),
  "packages/enforce/src/index.ts": `import { word } from "@countersign/core";\nimport { decide } from "@countersign/policy";\n\nexport const enforce = (): string => decide() + word;\n`,
  "packages/server/src/index.ts": `export { build } from "./app.ts";\n`,
  "packages/server/src/app.ts": `import { word } from "@countersign/core";\nimport { enforce } from "@countersign/enforce";\nimport { agents } from "./agents/index.ts";\nimport { decision } from "./decisions/index.ts";\n\nexport const build = (): string => word + enforce() + decision() + agents();\n`,
  "packages/server/src/agents/index.ts": `export { agents } from "./agent.ts";\n`,
  "packages/server/src/agents/agent.ts": `import { selectAll } from "../store/index.ts";\n\nexport const agents = (): string => selectAll;\n`,
  "packages/server/src/decisions/index.ts": `import { decide } from "@countersign/policy";\n\nexport const decision = (): string => decide();\n`,
  "packages/server/src/store/index.ts": `export const selectAll = "SELECT id FROM record";\n`,
  "packages/gateway/src/index.ts": `import { word } from "@countersign/core";\nimport { enforce } from "@countersign/enforce";\n\nexport const gate = (): string => enforce() + word;\n`,
};

export interface Fixture {
  readonly root: string;
  readonly remove: () => void;
}

/** A small workspace in a temporary folder under this repository's own rules, with `extra` files put over it. */
export function makeFixture(extra: Readonly<Record<string, string>> = {}): Fixture {
  const root = mkdtempSync(join(tmpdir(), "countersign-check-"));
  for (const file of CONFIGS) cpSync(join(ROOT, file), join(root, file));
  const modules = join(root, "node_modules");
  mkdirSync(join(modules, "@countersign"), { recursive: true });
  for (const name of INSTALLED) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  const files: Record<string, string> = { "package.json": rootManifest(), ...SOURCES };
  for (const [name, uses] of Object.entries(PACKAGES)) {
    files[`packages/${name}/package.json`] = manifest(name, uses);
    symlinkSync(join(root, "packages", name), join(modules, "@countersign", name));
  }
  for (const [path, text] of Object.entries({ ...files, ...extra })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

function use(from: string, name: string): string {
  return `import { word } from "@countersign/${from}";\n\nexport const ${name} = (): string => word;\n`;
}

function manifest(name: string, uses: readonly string[]): string {
  const dependencies = Object.fromEntries(uses.map((other) => [`@countersign/${other}`, "0.1.0"]));
  const exports = { ".": "./src/index.ts" };
  return print({
    name: `@countersign/${name}`,
    version: "0.1.0",
    private: true,
    type: "module",
    exports,
    dependencies,
  });
}

function rootManifest(): string {
  return print({ name: "fixture", private: true, type: "module", workspaces: ["packages/*"] });
}

function print(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
