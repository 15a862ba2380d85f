import { describe, expect, it } from "vitest";
import type { DecideInput } from "./decide-input.ts";
import { decide } from "./decide.ts";
import { brake, call, changed, facts, input } from "./testing/fixtures.ts";

const [OURS, THEIRS, OUTSIDE] = ["file:/srv/plans/a", "file:/srv/records/b", "file:/etc/passwd"];
const on = (resources: readonly string[], given: Partial<DecideInput> = {}): DecideInput =>
  input({ call: call({ resource: resources[0] ?? "file:/srv/plans/a", resources }), ...given });
const orders = [
  [OURS, THEIRS],
  [THEIRS, OURS],
];

describe("a call on several resources", () => {
  it("passes when it would pass on each", () => {
    expect(decide(on([OURS, THEIRS])).result).toBe("permit");
    expect(decide(on([OURS, OUTSIDE])).code).toBe("grant.missing");
    expect(decide(on([OUTSIDE, OURS])).code).toBe("grant.missing");
  });

  it.each(orders)("is stopped by a stop of one: %s, %s", (...resources) => {
    const brakes = [brake("freeze", { type: "resource", value: "file:/srv/records/**" })];
    expect(decide(on(resources, { facts: facts({ brakes }) })).code).toBe("brake.frozen");
  });

  it.each(orders)("is held for one that is critical: %s, %s", (...resources) => {
    const upstream = changed(facts().upstream, { critical: ["file:/srv/records/**"] });
    expect(decide(on(resources, { facts: facts({ upstream }) })).code).toBe("critical.unsigned");
  });

  it("is denied when it names none", () => {
    expect(decide(on([])).result).toBe("deny");
  });
});

describe("a name of a whole folder", () => {
  const folder = on(["file:/srv/plans/**"]);
  const granted = (resource: string): DecideInput => {
    const grants = [{ action: "mcp:files/*", resource }];
    return { ...folder, facts: facts({ task: changed(facts().task, { grants }) }) };
  };

  it("is covered only by a pattern at least as wide", () => {
    expect(decide(folder).result).toBe("permit");
    expect(decide(granted("file:/srv/plans/**")).result).toBe("permit");
    expect(decide(granted("file:/srv/plans/*")).code).toBe("grant.missing");
  });

  it("is stopped by a stop of something in it", () => {
    const brakes = [brake("freeze", { type: "resource", value: "file:/srv/plans/deep/*.json" })];
    expect(decide({ ...folder, facts: facts({ brakes }) }).code).toBe("brake.frozen");
  });
});
