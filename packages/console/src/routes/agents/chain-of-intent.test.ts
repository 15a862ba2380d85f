import type { Act } from "@countersign/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainOfIntent } from "./chain-of-intent.ts";

const act = fc
  .record({
    human: fc.constantFrom("hum_1", "hum_2", null),
    device: fc.constantFrom("dev_1", "dev_2", null),
    task: fc.constantFrom("tsk_1", "tsk_2", "tsk_3", null),
    action: fc.constantFrom("mcp:files/read", "mcp:files/write"),
    resource: fc.constantFrom("file:/a", "file:/b", null),
    result: fc.constantFrom("permit", "deny", "hold"),
    outcome: fc.constantFrom("ok", "error", null),
  })
  .map(({ result, ...rest }): Act => ({
    id: "ent_1",
    index: 0,
    time: "2026-11-22T09:00:00.000Z",
    agent: "agt_1",
    names: { human: null, device: null, agent: null, task: null },
    effect: "read",
    decision: { result, step: null, code: null },
    approval: null,
    ...rest,
  }));

describe("chain of intent", () => {
  it("shows every act once, denied and held ones too", () => {
    fc.assert(
      fc.property(fc.array(act), (acts) => {
        const groups = chainOfIntent(acts).flatMap(({ tasks }) => tasks.flatMap((task) => task.groups));
        expect(groups.reduce((sum, { times }) => sum + times, 0)).toBe(acts.length);
        const counted = (result: string): number =>
          groups.reduce((sum, { newest, times }) => sum + (newest.decision?.result === result ? times : 0), 0);
        for (const result of ["permit", "deny", "hold"]) {
          expect(counted(result)).toBe(acts.filter(({ decision }) => decision?.result === result).length);
        }
      }),
    );
  });

  it("keeps people, devices and tasks apart", () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1 }), (acts) => {
        const chain = chainOfIntent(acts);
        expect(chain.length).toBe(new Set(acts.map(({ human, device }) => `${human} ${device}`)).size);
        expect(chain.flatMap(({ tasks }) => tasks).length).toBe(
          new Set(acts.map(({ human, device, task }) => `${human} ${device} ${task}`)).size,
        );
      }),
    );
  });
});
