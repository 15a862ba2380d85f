import { describe, expect, it } from "vitest";
import { checkLine } from "./check-line.ts";
import { isGroup, type Leaf, TREE } from "./tree.ts";

const LEAVES: readonly (readonly [string, Leaf])[] = Object.entries(TREE).flatMap(([name, node]) =>
  isGroup(node)
    ? [
        ...(node.self === undefined ? [] : [[name, node.self] as const]),
        ...Object.entries(node.leaves).map(([leaf, row]) => [`${name} ${leaf}`, row] as const),
      ]
    : [[name, node] as const],
);

/** A shell's idea of words, as far as the examples need it. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? "",
  );
}

describe("the tree of commands", () => {
  it.each(LEAVES)("%s says its name, and its examples are lines that it takes", async (name, leaf) => {
    const { flags, examples, ...command } = await leaf.load();
    expect(command.name).toBe(name);
    expect(command.summary).not.toMatch(/\.$/);
    expect(examples.length).toBeGreaterThan(0);
    for (const { line } of examples) {
      const own = line.replace(/ [|>] .*$/, "");
      expect(own.startsWith(name) || name === "ledger export").toBe(true);
      if (own.startsWith(name)) checkLine(wordsOf(own.slice(name.length)), flags, name);
    }
  });

  it("holds every command of the outside surface that there is so far", () => {
    const names = [
      "up server status doctor login enroll mcp approve freeze sever thaw",
      "agent create,agent list,agent show,agent suspend,agent retire,human invite,human list,device list",
      "task open,task list,task show,task end,approvals list,approvals show,approvals deny",
      "policy check,policy publish,policy show,upstream list,receipt verify",
      "gateway token,gateway list,gateway remove,gateway trust",
      "ledger verify,ledger prove,ledger export,ledger tail,ledger who",
    ];
    const expected = names.flatMap((line, at) => line.split(at === 0 ? " " : ","));
    expect(LEAVES.map(([name]) => name)).toEqual(expect.arrayContaining(expected));
  });
});
