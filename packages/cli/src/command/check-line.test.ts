import { describe, expect, it } from "vitest";
import { checkLine } from "./check-line.ts";
import type { Flags } from "./flags.ts";

const FLAGS: Flags = {
  name: { kind: "operand", about: "" },
  file: { kind: "operand", about: "", optional: true },
  agent: { kind: "text", value: "AGENT", about: "", required: true },
  note: { kind: "text", value: "TEXT", about: "" },
  grant: { kind: "texts", value: "G", about: "" },
  all: { kind: "switch", about: "" },
  wait: { kind: "unless", about: "" },
};
const check = (...rest: string[]): ReturnType<typeof checkLine> => checkLine(rest, FLAGS, "do it");

describe("checkLine", () => {
  it("reads operands, values, repeated values and switches in any order", () => {
    const { operands, texts } = check("--grant", "a@b", "n", "--agent=x", "--all", "--grant=c@d", "f", "--no-wait");
    expect(operands).toEqual(["n", "f"]);
    expect(Object.fromEntries(texts)).toEqual({ grant: ["a@b", "c@d"], agent: ["x"], all: [""], wait: [""] });
  });

  it.each([
    ["--agent=--json", "--json"],
    ["--agent=a=b", "a=b"],
  ])("takes what stands after `=` as the value: %s", (word, value) => {
    expect(check("n", word).texts.get("agent")).toEqual([value]);
  });

  it.each([
    [["n", "--agent", "x", "--nope"], "unknown flag `--nope`"],
    [["n", "--agent", "x", "--nope=1"], "unknown flag `--nope`"],
    [["n", "--agent", "x", "-a"], "unknown flag `-a`"],
    [["n", "--agent", "x", "-all"], "unknown flag `-a`"],
    [["n", "--agent", "x", "--wait"], "unknown flag `--wait`"],
    [["n", "--agent", "x", "--no-all"], "unknown flag `--no-all`"],
    [["n", "--agent", "x", "--name", "y"], "unknown flag `--name`"],
    [["n", "--agent", "x", "--__proto__"], "unknown flag `--__proto__`"],
    [["n", "--agent", "x", "--constructor", "y"], "unknown flag `--constructor`"],
    [["n", "--agent"], "`--agent` needs a value: `--agent AGENT`"],
    [["n", "--agent", "--all"], "`--agent` needs a value: `--agent AGENT`"],
    [["n", "--agent="], "`--agent` needs a value: `--agent AGENT`"],
    [["n", "--agent", ""], "`--agent` needs a value: `--agent AGENT`"],
    [["n", "--agent", "x", "--agent", "y"], "`--agent` is given twice"],
    [["n", "--agent", "x", "--all=yes"], "`--all` takes no value"],
    [["n", "--agent", "x", "--no-wait=no"], "`--no-wait` takes no value"],
    [["n", "--all"], "`--agent AGENT` is missing"],
    [["--agent", "x"], "NAME is missing"],
    [["", "--agent", "x"], "NAME is missing"],
    [["n", "f", "more", "--agent", "x"], "unexpected `more`"],
  ])("refuses %j", (rest, says) => {
    expect(() => check(...rest)).toThrow(says);
    expect(() => check(...rest)).toThrow(expect.objectContaining({ command: "do it" }));
  });

  it("takes `-` as an operand: it stands for standard input", () => {
    expect(check("-", "--agent", "x").operands).toEqual(["-"]);
  });
});
