import { describe, expect, it } from "vitest";
import { covers } from "./brake.ts";
import { NO_CHAIN } from "./chain.ts";

describe("covers, by resource", () => {
  it.each([
    ["file:/srv/a/**", "file:/srv/a/b", true],
    ["file:/srv/a/**", "file:/srv/a", true],
    ["file:/srv/a/**", "file:/srv/**", true],
    ["file:/srv/a/**", "file:/srv", false],
    ["file:/srv/a/**", "file:/srv/ab", false],
    ["file:/srv/*/**", "file:/srv/a", true],
    ["file:/srv/a", "file:/srv/a/b", false],
    ["**", "mcp:files", true],
  ])("a stop of %s and an action on %s: %s", (value, name, covered) => {
    expect(covers({ type: "resource", value }, NO_CHAIN, name)).toBe(covered);
    expect(covers({ type: "resource", value }, NO_CHAIN, ["mcp:other", name])).toBe(covered || value === "**");
    expect(covers({ type: "resource", value }, NO_CHAIN, null)).toBe(false);
  });
});
