import { type BrakeScope, NO_CHAIN, type RefusalCode, type Step } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { DecideInput, Facts } from "./decide-input.ts";
import { decide } from "./decide.ts";
import type { Evaluator } from "./evaluator.ts";
import {
  AGENT,
  DEVICE,
  HUMAN,
  NOW,
  TASK,
  brake,
  call,
  changed,
  evaluatorOf,
  facts,
  input,
  mandateRecord,
} from "./testing/fixtures.ts";

const good = facts();
const withFacts = (change: Partial<Facts>): DecideInput => input({ facts: facts(change) });
const past = new Date(NOW).toISOString();
const mandate = mandateRecord();
const unattended = changed(good.task, { session: null, mandate: mandate.id });

/** A record under a signature of that minute. */
function signedAt<R extends object | null>(record: R, act: string, minute: number): R {
  const notBefore = new Date(minute * 60_000).toISOString();
  return { ...record, authority: { change: { act, records: [] }, signed: { notBefore }, assertion: {} } };
}

/** Each way to fail, with the step and the code that it must give. */
const REFUSALS: readonly (readonly [string, Step, RefusalCode, DecideInput])[] = [
  [
    "no credential",
    "credential",
    "credential.missing",
    input({ claims: { ok: false, code: "credential.missing", reason: "none" } }),
  ],
  [
    "a credential that names no chain",
    "credential",
    "credential.missing",
    input({ claims: { ok: true, chain: NO_CHAIN, jkt: "key", agentProof: "declared" } }),
  ],
  [
    "another key than the task's",
    "credential",
    "credential.not_bound",
    withFacts({ task: changed(good.task, {}, { jkts: ["other"] }) }),
  ],
  ["a freeze", "brake", "brake.frozen", withFacts({ brakes: [brake("freeze", { type: "all", value: "*" })] })],
  ["a sever", "brake", "brake.severed", withFacts({ brakes: [brake("sever", { type: "task", value: TASK })] })],
  ["a severed task", "brake", "brake.severed", withFacts({ task: changed(good.task, {}, { status: "severed" }) })],
  ["an unknown human", "human", "human.inactive", withFacts({ human: null })],
  [
    "an inactive human",
    "human",
    "human.inactive",
    withFacts({ human: changed(good.human, {}, { status: "inactive" }) }),
  ],
  [
    "another human",
    "human",
    "human.inactive",
    withFacts({ human: good.human && { ...good.human, id: "hum_0000000000000000000009" } }),
  ],
  ["an unknown device", "device", "device.unknown", withFacts({ device: null })],
  ["a lost device", "device", "device.unknown", withFacts({ device: changed(good.device, {}, { status: "lost" }) })],
  ["no posture report", "device", "device.stale", withFacts({ posture: null })],
  [
    "an old report",
    "device",
    "device.stale",
    withFacts({ posture: good.posture && { ...good.posture, iat: NOW / 1000 - 301 } }),
  ],
  [
    "a report from the future",
    "device",
    "device.stale",
    withFacts({ posture: good.posture && { ...good.posture, iat: NOW / 1000 + 31 } }),
  ],
  [
    "a report of another device",
    "device",
    "device.stale",
    withFacts({ posture: good.posture && { ...good.posture, device: "dev_0000000000000000000009" } }),
  ],
  [
    "a report without a time",
    "device",
    "device.stale",
    withFacts({ posture: good.posture && { ...good.posture, iat: Number.NaN } }),
  ],
  [
    "a device below the level",
    "device",
    "device.unhealthy",
    withFacts({
      posture: good.posture && { ...good.posture, level: null, missing: [{ fact: "os.version", remedy: "name it" }] },
    }),
  ],
  ["an unknown agent", "agent", "agent.inactive", withFacts({ agent: null })],
  [
    "a suspended agent",
    "agent",
    "agent.inactive",
    withFacts({ agent: changed(good.agent, {}, { status: "suspended" }) }),
  ],
  ["an expired agent", "agent", "agent.inactive", withFacts({ agent: changed(good.agent, { expiresAt: past }) })],
  [
    "an agent with no readable end",
    "agent",
    "agent.inactive",
    withFacts({ agent: changed(good.agent, { expiresAt: "soon" }) }),
  ],
  [
    "an agent whose owner left",
    "agent",
    "agent.owner_lost",
    withFacts({ agent: changed(good.agent, {}, { status: "owner_lost" }) }),
  ],
  [
    "an agent of another owner",
    "agent",
    "agent.owner_lost",
    withFacts({ agent: changed(good.agent, { owner: "hum_0000000000000000000009" }) }),
  ],
  [
    "an agent that was signed before its owner left and came back",
    "agent",
    "agent.owner_lost",
    withFacts({ human: signedAt(good.human, "human.reinstate", 2), agent: signedAt(good.agent, "agent.create", 1) }),
  ],
  [
    "an agent without a signature, of an owner who left and came back",
    "agent",
    "agent.owner_lost",
    withFacts({ human: signedAt(good.human, "human.reinstate", 2) }),
  ],
  ["an unknown task", "task", "task.unknown", withFacts({ task: null })],
  [
    "a task of another device",
    "task",
    "task.unknown",
    withFacts({ task: changed(good.task, { device: "dev_0000000000000000000009" }) }),
  ],
  ["a task that nobody opened", "task", "task.no_human", withFacts({ task: unattended })],
  [
    "a task under a mandate that was revoked",
    "task",
    "task.no_human",
    withFacts({ task: unattended, mandate: changed(mandate, {}, { status: "revoked" }) }),
  ],
  [
    "a task under a mandate that has expired",
    "task",
    "task.no_human",
    withFacts({ task: unattended, mandate: changed(mandate, { expiresAt: past }) }),
  ],
  [
    "a task under another mandate",
    "task",
    "task.no_human",
    withFacts({ task: changed(unattended, { mandate: "mdt_0000000000000000000009" }), mandate }),
  ],
  [
    "a task under a mandate of another device",
    "task",
    "task.unknown",
    withFacts({ task: unattended, mandate: changed(mandate, { device: "dev_0000000000000000000009" }) }),
  ],
  [
    "more than its mandate covers",
    "grant",
    "grant.missing",
    withFacts({ task: unattended, mandate: changed(mandate, { grants: [] }) }),
  ],
  ["an ended task", "task", "task.ended", withFacts({ task: changed(good.task, {}, { status: "ended" }) })],
  ["an expired task", "task", "task.ended", withFacts({ task: changed(good.task, { expiresAt: past }) })],
  ["no grant", "grant", "grant.missing", withFacts({ task: changed(good.task, { grants: [] }) })],
  [
    "a grant beyond the agent's scope",
    "grant",
    "grant.missing",
    withFacts({ agent: changed(good.agent, { scope: [{ action: "mcp:files/read_*", resource: "**" }] }) }),
  ],
  ["a resource outside", "grant", "grant.missing", input({ call: call({ resource: "file:/etc/passwd" }) })],
  [
    "a resource that leads outside",
    "grant",
    "grant.missing",
    input({ call: call({ resource: "file:/srv/../etc/passwd" }) }),
  ],
  ["no upstream", "upstream", "upstream.unknown", withFacts({ upstream: null })],
  [
    "a removed upstream",
    "upstream",
    "upstream.unknown",
    withFacts({ upstream: changed(good.upstream, {}, { status: "removed" }) }),
  ],
  ["a changed definition", "tool", "tool.definition_changed", input({ definitionChanged: true })],
  [
    "a definition other than the pin",
    "tool",
    "tool.definition_changed",
    {
      ...withFacts({ upstream: changed(good.upstream, { pins: { write_file: "a" } }) }),
      call: call({ toolDefinitionHash: "b" }),
    },
  ],
  [
    "a tool without a pin",
    "tool",
    "tool.definition_changed",
    {
      ...withFacts({ upstream: changed(good.upstream, { pins: {} }) }),
      call: call({ tool: "toString", toolDefinitionHash: "b" }),
    },
  ],
  ["no policies", "policy", "policy.none", input({ policies: null })],
  ["an empty policy set", "policy", "policy.none", input({ policies: evaluatorOf("// nothing\n") })],
  [
    "no permit",
    "policy",
    "policy.none",
    input({ policies: evaluatorOf('permit (principal, action in Action::"read", resource);') }),
  ],
  [
    "a hold but no permit",
    "policy",
    "policy.none",
    input({ policies: evaluatorOf('@hold("wait") forbid (principal, action, resource);') }),
  ],
  [
    "a forbid",
    "policy",
    "policy.denied",
    input({ policies: evaluatorOf("permit (principal, action, resource); forbid (principal, action, resource);") }),
  ],
  [
    "a forbid beside a hold",
    "policy",
    "policy.denied",
    input({
      policies: evaluatorOf(
        'permit (principal, action, resource); forbid (principal, action, resource); @hold("h") forbid (principal, action, resource);',
      ),
    }),
  ],
  ["a risk at the limit", "risk", "risk.suspended", input({ risk: 90 })],
  ["a risk that is no number", "risk", "risk.suspended", input({ risk: Number.NaN })],
];

describe("decide refuses", () => {
  it.each(REFUSALS)("%s: %s %s", (...[, step, code, given]) => {
    const decision = decide(given);
    expect(decision).toMatchObject({ result: "deny", step, code, holds: [] });
    expect(decision.reason).not.toBe("");
    expect(decision.policySetHash).toBe(given.policies?.policySetHash ?? "");
  });

  it("with a deny when a check breaks", () => {
    const broken = { ...facts(), human: { id: HUMAN } } as unknown as Facts;
    expect(decide(input({ facts: broken }))).toMatchObject({ result: "deny", step: "human", code: "policy.error" });
  });

  it("with a deny when the engine breaks its promise", () => {
    const evaluate = (): never => {
      throw new Error("no");
    };
    const policies: Evaluator = { policySetHash: "x", policies: new Map(), evaluate };
    expect(decide(input({ policies }))).toMatchObject({ result: "deny", code: "policy.error" });
  });

  it("with a deny when the engine names a forbid that it does not know", () => {
    const engine: Evaluator = {
      policySetHash: "x",
      policies: new Map(),
      evaluate: () => ({ permits: ["p"], forbids: ["f"], errors: [] }),
    };
    expect(decide(input({ policies: engine }))).toMatchObject({
      result: "deny",
      code: "policy.denied",
      policyIds: ["f"],
    });
  });
});

describe("decide permits", () => {
  it("a healthy chain, and names the policy", () => {
    expect(decide(input())).toEqual({
      result: "permit",
      step: null,
      code: null,
      reason: "permitted by `default:read-write`",
      policyIds: ["default:read-write"],
      policySetHash: input().policies?.policySetHash,
      holds: [],
      policyErrors: [],
    });
  });

  it("an agent that was signed after its owner came back", () => {
    const human = signedAt(good.human, "human.reinstate", 2);
    const agent = signedAt(good.agent, "agent.reassign", 2);
    expect(decide(withFacts({ human, agent })).result).toBe("permit");
  });

  it("of unattended work within its mandate", () => {
    expect(decide(withFacts({ task: unattended, mandate })).result).toBe("permit");
  });

  it("up to the last moment of task and report", () => {
    const last = facts({
      task: changed(good.task, { expiresAt: new Date(NOW + 1).toISOString() }),
      posture: good.posture && { ...good.posture, iat: NOW / 1000 - 300 },
    });
    expect(decide(input({ facts: last })).result).toBe("permit");
  });

  it("a tool whose definition is the pinned one", () => {
    const pinned = facts({ upstream: changed(good.upstream, { pins: { write_file: "a" } }) });
    expect(decide(input({ facts: pinned, call: call({ toolDefinitionHash: "a" }) })).result).toBe("permit");
  });
});

describe("brakes", () => {
  const scopes: readonly BrakeScope[] = [
    { type: "all", value: "*" },
    { type: "agent", value: AGENT },
    { type: "owner", value: HUMAN },
    { type: "device", value: DEVICE },
    { type: "task", value: TASK },
    { type: "resource", value: "file:/srv/records/**" },
  ];
  it.each(scopes)("cover by $type and are named", (scope) => {
    const frozen = brake("freeze", scope);
    const decision = decide(withFacts({ brakes: [brake("sever", scope), frozen] }));
    expect(decision).toMatchObject({ code: "brake.frozen", brake: frozen.id });
    expect(decision.reason).toContain(frozen.id);
  });

  it("do nothing when thawed or elsewhere", () => {
    const all = { type: "all", value: "*" } as const;
    const brakes = [
      brake("freeze", all, "thawed"),
      brake("sever", { type: "agent", value: "agt_0000000000000000000009" }),
    ];
    expect(decide(withFacts({ brakes })).result).toBe("permit");
  });

  it("name the cause of a severed task", () => {
    const cause = "brk_0000000000000000000007";
    const decision = decide(withFacts({ task: changed(good.task, {}, { status: "severed", cause }) }));
    expect(decision).toMatchObject({ code: "brake.severed", brake: cause });
  });
});
