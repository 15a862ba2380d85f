import type { Effect } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeShell } from "./judge-shell.ts";
import { CORPUS } from "./testing/corpus.ts";
import { line } from "./testing/line-grammar.ts";

const AT = { cwd: "/srv/p", home: "/home/u" };
const effectOf = (text: string): Effect => judgeShell(text, AT).effect;
const resourcesOf = (text: string, cwd = AT.cwd): string[] =>
  judgeShell(text, { ...AT, cwd }).resources.map(({ resource, effect }) => `${effect} ${resource}`);

describe("judgeShell", () => {
  describe.for(CORPUS)("$why", ({ effect, lines }) => {
    it.for(lines)("%s", (text) => expect(effectOf(text)).toBe(effect));
  });

  it("names what is touched by its place, also after a change of folder", () => {
    expect(resourcesOf("cat a ../b ~/c /d//e/./f")).toEqual([
      "read file:/srv/p/a",
      "read file:/srv/b",
      "read file:/home/u/c",
      "read file:/d/e/f",
    ]);
    expect(resourcesOf("cd src && rm x; cat y")).toEqual([
      "destructive file:/srv/p/src/x",
      "read file:/srv/p/src/y",
      "read file:/srv/p/y",
    ]);
    expect(resourcesOf("cat etc/x", "/")).toEqual(["read file:/etc/x"]);
    expect(resourcesOf("grep -r x lib/*.ts")).toEqual(["read file:/srv/p/lib/**"]);
    expect(resourcesOf("curl -o out 'https://x.example/a?b=c'")).toEqual([
      "external https://x.example/a",
      "destructive file:/srv/p/out",
    ]);
  });

  it("lists every command, wrapped ones too", () => {
    const { commands } = judgeShell("timeout 5 bash -c 'ls | xargs rm' && echo \"$(cat a)\"", AT);
    expect(commands.map(({ text }) => text)).toEqual(
      expect.arrayContaining(["ls", "rm …", "cat a", "bash -c 'ls | xargs rm'"]),
    );
  });

  it("knows nothing of a line beyond its bounds, and takes no time over it", () => {
    const long = [
      `echo ${"x".repeat(70_000)}`,
      "echo x;".repeat(9000),
      `${"(".repeat(200)}ls${")".repeat(200)}`,
      `${"$(".repeat(300)}ls${")".repeat(300)}`,
      `${"`".repeat(4000)}`,
      `${"{a,".repeat(3000)}`,
      `echo ${"${x:-".repeat(2000)}`,
    ];
    for (const text of long) expect([effectOf(text), text.slice(0, 20)]).toEqual(["unknown", text.slice(0, 20)]);
  });

  it("never throws, and judges the same line alike", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), line), (text) => {
        expect(judgeShell(text, AT)).toEqual(judgeShell(text, AT));
      }),
      { numRuns: 300 },
    );
  });

  it("never weighs a line less for what is put behind it", () => {
    fc.assert(
      fc.property(line, (text) => {
        expect(["destructive", "unknown", "external"]).toContain(effectOf(`${text}\nrm -rf d`));
      }),
      { numRuns: 300 },
    );
  });
});
