import type { Call, Decision, Effect, JsonObject } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import { call, changed, evaluatorOf, facts, input } from "./testing/fixtures.ts";

const good = facts();

describe("holds", () => {
  const grave: readonly Effect[] = ["destructive", "external", "unknown"];
  it.each(grave)("an effect that is %s", (effect) => {
    const given = input({ call: call({ effect }) });
    const held = decide(given);
    expect(held).toMatchObject({ result: "hold", step: "countersignature", code: "countersignature.required" });
    expect(held.holds).toMatchObject([
      { policyId: "default:hold-grave", approvers: "owner", scopes: ["once"], quorum: 1 },
    ]);
    const signed = decide({ ...given, countersignature: { ok: true, holds: held.holds } });
    expect(signed).toMatchObject({ result: "permit", policyIds: ["default:grave", "default:hold-grave"] });
  });

  it("a critical resource each time, even to read", () => {
    const critical = facts({ upstream: changed(good.upstream, { critical: ["file:/srv/records/**"] }) });
    const given = input({ facts: critical, call: call({ effect: "read" }) });
    const held = decide(given);
    expect(held).toMatchObject({ result: "hold", step: "critical", code: "critical.unsigned" });
    expect(held.holds.map(({ policyId }) => policyId)).toEqual(["builtin:critical"]);
    expect(decide({ ...given, countersignature: { ok: true, holds: held.holds } }).result).toBe("permit");
    const elsewhere = facts({ criticalPatterns: ["file:/srv/records/*.json"] });
    expect(decide(input({ facts: elsewhere })).code).toBe("critical.unsigned");
  });

  it("a critical resource beside a policy's hold: one signature must name both", () => {
    const given = input({ facts: facts({ criticalPatterns: ["**"] }), call: call({ effect: "destructive" }) });
    const held = decide(given);
    expect(held.holds).toHaveLength(2);
    for (const hold of held.holds) {
      expect(decide({ ...given, countersignature: { ok: true, holds: [hold] } })).toMatchObject({
        result: "hold",
        holds: held.holds,
      });
    }
    expect(decide({ ...given, countersignature: { ok: true, holds: held.holds } }).result).toBe("permit");
  });

  it("an UPDATE or DELETE without a condition, whatever its effect and the policies say, and only of a statement", () => {
    const sql = (args: JsonObject): Call =>
      call({ upstream: "billing", method: "sql", tool: "statement", action: "sql:billing/write", arguments: args });
    const grants = [{ action: "sql:billing/*", resource: "**" }];
    const postgres = {
      ...changed(good.upstream, {}),
      id: "billing",
      terms: { kind: "postgres", url: "", password: null, tls: "disable", critical: [], masking: {}, limits: {} },
    } as never;
    const of = (args: JsonObject): Decision =>
      decide(
        input({
          facts: facts({
            upstream: postgres,
            task: changed(good.task, { grants }),
            agent: changed(good.agent, { scope: grants }),
          }),
          call: { ...sql(args), toolDefinitionHash: null, effect: "write" },
        }),
      );
    expect(of({ sql: "UPDATE t SET n = 1", unqualified: true }).holds.map(({ policyId }) => policyId)).toEqual([
      "builtin:unqualified",
    ]);
    expect(of({ sql: "UPDATE t SET n = 1 WHERE id = 1" }).result).toBe("permit");
    expect(decide(input({ call: call({ arguments: { unqualified: true } }) })).result).toBe("permit");
  });

  it("the first use by a new executable, or by one that is not known", () => {
    const agent = changed(good.agent, {}, { executables: ["aa"] });
    const runtime = { executable: "/usr/bin/x", sha256: "bb", pid: 1, uid: 1 };
    const other = facts({ agent, task: changed(good.task, { runtime }) });
    const held = decide(input({ facts: other }));
    expect(held).toMatchObject({
      result: "hold",
      code: "countersignature.required",
      policyIds: ["builtin:new-executable"],
    });
    const unknown = decide(input({ facts: facts({ agent }) }));
    expect(unknown.policyIds).toEqual(["builtin:new-executable"]);
    expect(unknown.holds[0]?.policyHash).not.toBe(held.holds[0]?.policyHash);
    const same = facts({ agent, task: changed(good.task, { runtime: { ...runtime, sha256: "aa" } }) });
    expect(decide(input({ facts: same })).result).toBe("permit");
  });

  it("are denied by what no signature lifts", () => {
    const critical = facts({ criticalPatterns: ["**"] });
    const forbidden = evaluatorOf("permit (principal, action, resource); forbid (principal, action, resource);");
    expect(decide(input({ facts: critical, policies: forbidden })).code).toBe("policy.denied");
    expect(decide(input({ facts: critical, risk: 100 })).code).toBe("risk.suspended");
  });

  it("name why a countersignature does not count, but only where one is needed", () => {
    const refused = { ok: false, code: "countersignature.used" } as const;
    const grave = input({ call: call({ effect: "unknown" }), countersignature: refused });
    expect(decide(grave)).toMatchObject({ result: "deny", step: "countersignature", code: "countersignature.used" });
    expect(decide(input({ countersignature: refused })).result).toBe("permit");
  });
});
