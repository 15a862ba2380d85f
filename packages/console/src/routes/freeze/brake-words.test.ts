import { describe, expect, it } from "vitest";
import { brakeWords, byWords, scopeWords } from "./brake-words.ts";

describe("words for a stop", () => {
  it("name the scope, by its name where it has one", () => {
    expect(scopeWords({ scope: { type: "all", value: "*" }, scopeName: null })).toBe("everything");
    expect(scopeWords({ scope: { type: "owner", value: "hum_1" }, scopeName: "Alice" })).toBe("agents of Alice");
    expect(brakeWords({ kind: "sever", scope: { type: "task", value: "tsk_1" }, scopeName: null })).toBe(
      "Sever of task tsk_1",
    );
    expect(brakeWords({ kind: "freeze", scope: { type: "resource", value: "file:/a/**" }, scopeName: null })).toBe(
      "Freeze of resource file:/a/**",
    );
  });

  it("say who it was", () => {
    expect(byWords({ by: "hum_1", byName: "Alice" })).toBe("Alice");
    expect(byWords({ by: "local", byName: null })).toBe("this machine");
    expect(byWords({ by: "countersign", byName: null })).toBe("countersign");
  });
});
