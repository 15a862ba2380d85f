import { describe, expect, it } from "vitest";
import { aligned, table } from "./table.ts";

describe("table", () => {
  it("aligns columns under their heads, without trailing spaces", () => {
    expect(
      table(
        ["name", "id"],
        [
          ["a", "1"],
          ["longer", ""],
        ],
      ),
    ).toEqual(["NAME    ID", "a       1", "longer"]);
  });

  it("keeps its columns when a cell holds control characters", () => {
    expect(
      aligned([
        ["a\u001b[2J", "x"],
        ["b", "y"],
      ]),
    ).toEqual(["a⟨001B⟩[2J  x", "b           y"]);
  });
});
