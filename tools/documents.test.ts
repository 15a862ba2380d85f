import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const lines = (path: string): number => read(path).trimEnd().split("\n").length;
const packages = readdirSync(join(ROOT, "packages"));
const documents = globSync(["*.md", "docs/**/*.md", "packages/*/*.md", "e2e/**/*.md", "bench/**/*.md"], {
  cwd: ROOT,
  exclude: ["**/node_modules/**"],
}).sort();

/** Targets of the links of a document that lead into the repository, without what follows `#`. */
function localLinks(path: string): readonly string[] {
  const targets = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => !/^([a-z]+:|#)/.test(target)).map((target) => target.replace(/#.*/, ""));
}

describe.each(documents)("%s", (path) => {
  it("links only to what exists", () => {
    expect(localLinks(path).filter((target) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([]);
  });
});

describe("documents", () => {
  it("name in ARCHITECTURE every package and every top folder, and none that is not there", () => {
    const text = read("ARCHITECTURE.md");
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1] ?? "");
    expect(rows.toSorted()).toEqual(packages.toSorted());
    const folders = [...text.matchAll(/^\| `([.a-z0-9]+)\/` \|/gm)].map((match) => match[1] ?? "");
    const present = readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => !["node_modules", "packages", "out", "coverage", ".git", ".countersign"].includes(name));
    expect(folders.toSorted()).toEqual(present.toSorted());
  });

  it("point in ARCHITECTURE only at files that exist", () => {
    const rows = [...read("ARCHITECTURE.md").matchAll(/^\| `([a-z-]+)` \|.*\| ([^|]*) \|$/gm)];
    const named = rows.flatMap(([, name, cell]) =>
      [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((m) => `packages/${name}/src/${m[1]}`),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it("list every decision record once, under its own number", () => {
    const records = readdirSync(join(ROOT, "docs/adr")).filter((name) => /^\d{4}-/.test(name));
    const index = [...read("docs/adr/README.md").matchAll(/\]\((\d{4}-[^)]+)\)/g)].map((match) => match[1]);
    expect(index).toEqual(records.toSorted());
    expect(new Set(records.map((name) => name.slice(0, 4))).size).toBe(records.length);
    for (const name of records) expect(read(`docs/adr/${name}`), name).toMatch(new RegExp(`^# ${name.slice(0, 4)} — `));
  });

  it("explain every package in at most 60 lines, and the whole in at most 200", () => {
    const long = packages.filter((name) => {
      const path = `packages/${name}/README.md`;
      return !existsSync(join(ROOT, path)) || lines(path) > 60;
    });
    expect(long).toEqual([]);
    expect(lines("README.md")).toBeLessThanOrEqual(200);
  });

  it.each(packages)("name only files of package %s that exist", (name) => {
    const cells = [...read(`packages/${name}/README.md`).matchAll(/^\| (`[^|]*) \|/gm)].map((match) => match[1] ?? "");
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""));
    expect(named.filter((file) => globSync(file, { cwd: join(ROOT, "packages", name, "src") }).length === 0)).toEqual(
      [],
    );
  });

  it("hold no path of one machine and no address of a package registry", () => {
    const found = documents.filter((path) =>
      /(^|[\s`"'(])\/(home|root|work|Users)\/\w|registry\.npmjs|deb\.debian/.test(read(path)),
    );
    expect(found).toEqual([]);
  });
});
