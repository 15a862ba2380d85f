import { EFFECTS, type Effect, type Grant } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { Evaluation, Evaluator, PolicyMeta } from "./evaluator.ts";
import { brake, call, changed, facts, input } from "./testing/fixtures.ts";

interface Answer {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly holds: boolean;
  readonly outcome: "satisfied" | "not" | "failed";
}
const answers = fc.uniqueArray(
  fc.record<Answer>({
    id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    effect: fc.constantFrom("permit", "forbid"),
    holds: fc.boolean(),
    outcome: fc.constantFrom("satisfied", "satisfied", "not", "failed"),
  }),
  { selector: ({ id }) => id, maxLength: 6 },
);

/** An engine whose policies answer as told: `decide` must draw the right conclusion from any combination. */
function engineOf(given: readonly Answer[]): Evaluator {
  const terms = { reason: "r", approvers: "owner", notRequester: false, quorum: 1, expirySeconds: null } as const;
  const meta = ({ id, effect, holds }: Answer): PolicyMeta => ({
    id,
    hash: `hash-${id}`,
    effect,
    hold: effect === "forbid" && holds ? { ...terms, scopes: ["once"], authenticator: "any" } : null,
  });
  const ids = (effect: string): string[] =>
    given.filter((one) => one.outcome === "satisfied" && one.effect === effect).map(({ id }) => id);
  const errors = given.filter(({ outcome }) => outcome === "failed").map(({ id }) => ({ policyId: id, message: "m" }));
  const evaluation: Evaluation = { permits: ids("permit"), forbids: ids("forbid"), errors };
  return {
    policySetHash: "set",
    policies: new Map(given.map((one) => [one.id, meta(one)])),
    evaluate: () => evaluation,
  };
}
const everyHold = "abcdef".split("").map((id) => ({ policyId: id, policyHash: `hash-${id}` }));

describe("decide, for any answers of the policies", () => {
  it("denies when a policy failed, whatever is signed", () => {
    fc.assert(
      fc.property(answers, (given) => {
        fc.pre(given.some(({ outcome }) => outcome === "failed"));
        const decision = decide(input({ policies: engineOf(given), countersignature: { ok: true, holds: everyHold } }));
        expect(decision).toMatchObject({ result: "deny", code: "policy.error" });
        expect(decision.policyErrors.length).toBeGreaterThan(0);
      }),
    );
  });

  it("never permits against a satisfied forbid without a hold, whatever is signed", () => {
    fc.assert(
      fc.property(answers, (given) => {
        fc.pre(given.some(({ outcome, effect, holds }) => outcome === "satisfied" && effect === "forbid" && !holds));
        const decision = decide(input({ policies: engineOf(given), countersignature: { ok: true, holds: everyHold } }));
        expect(decision.result).toBe("deny");
      }),
    );
  });

  it("permits only with a permit, and holds exactly the satisfied holds", () => {
    fc.assert(
      fc.property(answers, (given) => {
        const decision = decide(input({ policies: engineOf(given) }));
        const satisfied = given.filter(({ outcome }) => outcome === "satisfied");
        const holds = satisfied.filter(({ effect }) => effect === "forbid").map(({ id }) => id);
        fc.pre(decision.result !== "deny");
        expect(satisfied.some(({ effect }) => effect === "permit")).toBe(true);
        expect(decision.result).toBe(holds.length === 0 ? "permit" : "hold");
        expect(decision.holds.map(({ policyId }) => policyId).sort()).toEqual(holds.sort());
      }),
    );
  });

  it("lets a countersignature discharge exactly what it names", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const named = fc.array(fc.tuple(name, fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, name)), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(answers, named, (given, names) => {
        const policies = engineOf(given);
        const before = decide(input({ policies }));
        fc.pre(before.result === "hold");
        const holds = names.map(([policyId, other]) => ({ policyId, policyHash: `hash-${other ?? policyId}` }));
        const after = decide(input({ policies, countersignature: { ok: true, holds } }));
        const all = before.holds.every((hold) =>
          holds.some(({ policyId, policyHash }) => policyId === hold.policyId && policyHash === hold.policyHash),
        );
        expect(after.result).toBe(all ? "permit" : "hold");
      }),
    );
  });
});

const grants = fc.array(
  fc.record<Grant>({
    action: fc.constantFrom("mcp:files/*", "mcp:files/write_file", "mcp:files/read_file", "**", "sql:*"),
    resource: fc.constantFrom("file:/srv/**", "file:/srv/records/*", "file:/etc/*", "**"),
  }),
  { maxLength: 4 },
);
const effects = fc.constantFrom<Effect>(...EFFECTS);
const good = facts();
const RANK = { deny: 0, hold: 1, permit: 2 } as const;

describe("decide, when rights shrink", () => {
  it("never answers better after a grant was taken from task or agent", () => {
    fc.assert(
      fc.property(fc.record({ task: grants, scope: grants, i: fc.nat(), j: fc.nat(), effect: effects }), (given) => {
        const { task, scope, i, j, effect } = given;
        const rank = (taskGrants: readonly Grant[], agentScope: readonly Grant[]): number => {
          const rights = facts({
            task: changed(good.task, { grants: taskGrants }),
            agent: changed(good.agent, { scope: agentScope }),
          });
          return RANK[decide(input({ facts: rights, call: call({ effect }) })).result];
        };
        const all = rank(task, scope);
        expect(rank(task.toSpliced(i % (task.length + 1), 1), scope)).toBeLessThanOrEqual(all);
        expect(rank(task, scope.toSpliced(j % (scope.length + 1), 1))).toBeLessThanOrEqual(all);
      }),
      { numRuns: 60 },
    );
  });

  it("denies under any brake that covers the call", () => {
    const kinds = fc.constantFrom("freeze" as const, "sever" as const);
    const patterns = fc.constantFrom("**", "file:/srv/**", "file:/srv/records/*");
    fc.assert(
      fc.property(kinds, patterns, effects, (kind, value, effect) => {
        const brakes = [brake(kind, { type: "resource", value })];
        expect(decide(input({ facts: facts({ brakes }), call: call({ effect }) })).step).toBe("brake");
      }),
      { numRuns: 30 },
    );
  });
});
