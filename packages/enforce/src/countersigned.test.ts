import { type Hold, newId } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { boundOf, onlyOnce } from "./bound.ts";
import type { Discharge } from "./countersigned.ts";
import { SALT, type Say, approvedCall } from "./testing/approved-call.ts";
import { Ends, random } from "./testing/bench-point.ts";

const VOID = { ok: false, code: "countersignature.void" };

async function signedByRequester(real: Partial<Hold>, say: Say = {}): Promise<Discharge> {
  return (await approvedCall(real, say)).ask();
}

describe("INV-5: what a countersignature discharges", () => {
  it("counts the signature of one who may sign", async () => {
    expect(await signedByRequester({})).toMatchObject({ ok: true, holds: [{ policyId: "p" }] });
  });

  it.each<[string, Partial<Hold>, Partial<Hold>]>([
    ["another approver", { approvers: "role:auditor" }, { approvers: "owner" }],
    ["someone else than the requester", { notRequester: true }, { notRequester: false }],
  ])("asks for %s where the policy does, whatever the stored approval says", async (_name, real, stored) => {
    expect(await signedByRequester(real, { stored })).toMatchObject(VOID);
  });

  it("asks for as many signatures as the policy does, whatever the stored approval says", async () => {
    expect(await signedByRequester({ quorum: 2 }, { stored: { quorum: 1 } })).toMatchObject({ ok: true, holds: [] });
  });

  it("is void for another effect and for another policy set than it was signed for", async () => {
    expect(await signedByRequester({}, { signed: { effect: "write" } })).toMatchObject(VOID);
    const other = { policySetHash: "other" };
    expect(await signedByRequester({}, { terms: other, signed: other })).toMatchObject(VOID);
  });

  it("counts different people, each with a nonce of their own, and each only for the holds that they may sign", async () => {
    const two = await approvedCall({ approvers: "role:admin", quorum: 2 });
    expect(two.ask()).toMatchObject({ ok: true, holds: [] });
    two.also("admin");
    expect(two.ask()).toMatchObject({ ok: true, holds: [{ policyId: "p" }] });
    two.also("auditor");
    expect(two.ask()).toMatchObject(VOID);
    const twice = await approvedCall({ approvers: "role:admin", quorum: 2 });
    const { approval } = twice;
    const [answer] = approval.state.answers;
    const answers = [answer, answer];
    twice.put({ ...approval, version: 1000, state: { ...approval.state, answers } } as never);
    expect(twice.ask()).toMatchObject({ ok: true, holds: [] });
    const foreign = await approvedCall({}, { signed: { nonce: "m.own" } });
    expect(foreign.ask()).toMatchObject(VOID);
  });

  it("is void after a stop that covers it, also one that was lifted", async () => {
    const { ask, put, chain, clock } = await approvedCall({});
    const at = (ms: number): string => new Date(clock.now + ms).toISOString();
    const brake = (scope: object, ms: number, status: string): void => {
      const terms = { kind: "freeze", scope, reason: "", by: "local", at: at(ms), agents: [] };
      put({ kind: "brake", id: newId("brk", clock.now, random), terms, state: { status } } as never);
    };
    brake({ type: "agent", value: chain.agent }, -1, "thawed");
    brake({ type: "resource", value: "file:/b" }, 1, "thawed");
    expect(ask()).toMatchObject({ ok: true });
    brake({ type: "agent", value: chain.agent }, 1, "thawed");
    expect(ask()).toMatchObject(VOID);
  });

  it("is void at another risk than it was signed at", async () => {
    const { ask, point } = await approvedCall({});
    point.riskOf = () => 39;
    expect(ask()).toMatchObject({ ok: true });
    point.riskOf = () => 40;
    expect(ask()).toMatchObject(VOID);
    point.riskOf = () => Number.NaN;
    expect(ask()).toMatchObject(VOID);
  });

  it.each(["read", "write"] as const)("sends nothing (%s) before the approval is used up", async (effect) => {
    const { point, control, approval, action, holds } = await approvedCall({}, { call: { effect } });
    const [{ policyHash: hash, policyId: _, ...hold } = { policyHash: "", policyId: "" }] = holds;
    point.evaluator = {
      policySetHash: "hash",
      policies: new Map([["p", { hash, hold }]]),
      evaluate: () => ({ permits: ["all"], forbids: ["p"], errors: [] }),
    } as never;
    control.onHold = async () =>
      await Promise.resolve({
        approval: approval.id as never,
        state: "approved",
        url: "",
        approver: "",
        entry: "ent_1" as never,
        salt: SALT,
      });
    control.onRecord = async ({ consume }) =>
      await Promise.resolve(consume === undefined ? { ok: true } : { ok: false, code: "countersignature.used" });
    const ends = new Ends();
    await point.enforce(action, ends.effector, ends.releaser);
    expect(ends.events).toEqual(["prepared", "refused countersignature.used"]);
  });

  it("is void when its approver leaves while the call is made ready", async () => {
    const { point, put, control, approval, action, holds } = await approvedCall({});
    const [{ policyHash: hash, policyId: _, ...hold } = { policyHash: "", policyId: "" }] = holds;
    point.evaluator = {
      policySetHash: "hash",
      policies: new Map([["p", { hash, hold }]]),
      evaluate: () => ({ permits: ["all"], forbids: ["p"], errors: [] }),
    } as never;
    control.onHold = async () =>
      await Promise.resolve({
        approval: approval.id as never,
        state: "approved",
        url: "",
        approver: "",
        entry: "ent_1" as never,
        salt: SALT,
      });
    const ends = new Ends();
    ends.onPrepare = async () => {
      const passkey = [...point.replica.all("passkey")][0];
      put({ ...passkey, version: 1000, state: { status: "revoked", counter: 0 } } as never);
      await Promise.resolve();
    };
    await point.enforce(action, ends.effector, ends.releaser);
    expect(ends.events).toEqual(["prepared", "refused countersignature.void"]);
  });
});

describe("INV-5: a signature for a call on several resources", () => {
  const several = { resources: ["file:/a", "file:/b"] };

  it("is for all of them and no others", async () => {
    const { ask } = await approvedCall({}, { call: several });
    expect(ask()).toMatchObject({ ok: true });
    expect(ask({ resources: ["file:/a", "file:/c"] })).toMatchObject(VOID);
    expect(ask({ resources: ["file:/a", "file:/b", "file:/c"] })).toMatchObject(VOID);
  });

  it("is void after a stop of any of them", async () => {
    const { ask, put, clock } = await approvedCall({}, { call: several });
    const scope = { type: "resource", value: "file:/b" };
    const at = new Date(clock.now).toISOString();
    put({ kind: "brake", id: "brk_1", terms: { kind: "freeze", scope, at }, state: { status: "thawed" } } as never);
    expect(ask()).toMatchObject(VOID);
  });

  it("covers one call: there is no bound around several", async () => {
    const { call } = await approvedCall({}, { call: { ...several, effect: "write" } });
    expect(boundOf({ call, salt: SALT, fixed: [] })).toBeNull();
    expect(onlyOnce(call, [], true)).toContain("several");
  });
});

describe("INV-5: a signature for the task", () => {
  const mapped = {
    terms: { kind: "mcp", effects: {}, resources: { tool: "file:{path}" }, critical: [], pins: { tool: "h" } },
  };
  const signed = async (say: Say = {}, real: Partial<Hold> = {}) => {
    const args = { path: "/a", content: "one", mode: 7 };
    const given = { fixed: ["path", "mode"], ...say, call: { arguments: args, ...say.call } };
    const here = await approvedCall(real, given);
    here.put({ kind: "upstream", id: "files", ...mapped, state: { status: "active" } } as never);
    return { ...here, args };
  };

  it("covers what differs in free arguments only", async () => {
    const { ask, args } = await signed();
    expect(ask()).toMatchObject({ ok: true, holds: [{ policyId: "p" }] });
    expect(ask({ arguments: { ...args, content: "two" } })).toMatchObject({ ok: true });
    const { content: _, ...without } = args;
    expect(ask({ arguments: without })).toMatchObject({ ok: true });
  });

  it.each<[string, object]>([
    ["a fixed argument", { arguments: { path: "/a", content: "one", mode: 8 } }],
    ["a fixed argument that is missing", { arguments: { path: "/a", content: "one" } }],
    ["an argument more", { arguments: { path: "/a", content: "one", mode: 7, force: true } }],
    ["the resource", { resource: "file:/b" }],
    ["the tool", { tool: "other" }],
    ["the definition", { toolDefinitionHash: "i" }],
    ["the upstream", { upstream: "other" }],
    ["the effect", { effect: "read" }],
    ["a graver effect", { effect: "destructive" }],
    ["a second resource", { resources: ["file:/a", "file:/b"] }],
  ])("does not cover a call that differs in %s", async (_, other) => {
    expect((await signed()).ask(other)).toMatchObject(VOID);
  });

  it("is void where the policies of the point ask each time, whatever is stored", async () => {
    expect((await signed({ stored: { scopes: ["once", "task"] } }, { scopes: ["once"] })).ask()).toMatchObject(VOID);
  });

  it("is void without a resource mapping", async () => {
    const { ask, put } = await signed();
    put({
      kind: "upstream",
      id: "files",
      terms: { ...mapped.terms, resources: {} },
      state: { status: "active" },
    } as never);
    expect(ask()).toMatchObject(VOID);
  });

  it("ends with its uses and with its own time", async () => {
    expect((await signed({ used: 2 })).ask()).toMatchObject({ ok: true });
    expect((await signed({ used: 3 })).ask()).toMatchObject({ ok: false, code: "countersignature.used" });
    const long = await signed();
    long.clock.now += 60_000;
    expect(long.ask()).toMatchObject({ ok: false, code: "countersignature.expired" });
  });

  it("of several people is the same for all", async () => {
    const quorum = { approvers: "role:admin", quorum: 2 };
    const agreed = await signed({}, quorum);
    agreed.also("admin");
    expect(agreed.ask()).toMatchObject({ ok: true, holds: [{ policyId: "p" }] });
    const fewer = await signed({}, quorum);
    fewer.also("admin", { uses: 2 });
    expect(fewer.ask()).toMatchObject(VOID);
  });

  it("is void for another chain than it was signed for", async () => {
    const { ask } = await signed({ signed: { task: null } });
    expect(ask()).toMatchObject(VOID);
  });
});

describe("a denial", () => {
  it("tells the agent who said no and why, on one line that hides nothing", async () => {
    const { point, control, approval, action, put, holds } = await approvedCall({});
    const [{ policyHash: hash, policyId: _, ...hold } = { policyHash: "", policyId: "" }] = holds;
    point.evaluator = {
      policySetHash: "hash",
      policies: new Map([["p", { hash, hold }]]),
      evaluate: () => ({ permits: ["all"], forbids: ["p"], errors: [] }),
    } as never;
    put({ ...approval, version: 1000, state: { ...approval.state, status: "denied" } } as never);
    control.onHold = async () =>
      await Promise.resolve({
        approval: approval.id as never,
        state: "pending",
        url: "",
        approver: "",
        entry: "ent_1" as never,
        salt: SALT,
      });
    control.denied = { by: "Alice", reason: "not\ntoday\u202e" };
    const ends = new Ends();
    await point.enforce(action, ends.effector, ends.releaser);
    expect(ends.refusal).toMatchObject({
      code: "countersignature.void",
      reason: "denied by Alice: not\\u{a}today\\u{202e}",
    });
  });

  it("names the rule that keeps a call from being asked about", async () => {
    const { point, control, action, holds } = await approvedCall({});
    const [{ policyHash: hash, policyId: _, ...hold } = { policyHash: "", policyId: "" }] = holds;
    point.evaluator = {
      policySetHash: "hash",
      policies: new Map([["p", { hash, hold }]]),
      evaluate: () => ({ permits: ["all"], forbids: ["p"], errors: [] }),
    } as never;
    control.onHold = async () =>
      await Promise.resolve({ refused: { code: "countersignature.too_many", reason: "too many" } });
    const ends = new Ends();
    await point.enforce(action, ends.effector, ends.releaser);
    expect(ends.events).toEqual(["refused countersignature.too_many"]);
  });
});
