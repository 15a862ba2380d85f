import { type AgentId, type HumanId, type StateRecord, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { agentCreateKind, agentReassignKind, agentReinstateKind } from "../agents/index.ts";
import { Brakes } from "../brakes/index.ts";
import { type Kernel, named, serverEntry } from "../kernel.ts";
import { mandateCreateKind } from "../mandates/index.ts";
import { humanReinstateKind, sessionOpenKind } from "../people/index.ts";
import type { Commit, Put } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { Offboarding } from "./offboarding.ts";

const UNTIL = new Date(Date.now() + 86_400_000).toISOString();

describe("off-boarding and what happens at the same time", () => {
  let here: TestKernel;
  let kernel: Kernel;
  let bob: HumanId;
  let ids: ReturnType<typeof makeIds>;

  beforeEach(async () => {
    here = await testKernel();
    ({ kernel } = here);
    const alice = await here.person();
    await here.put(passkeyOf(alice));
    bob = await here.person();
    ids = makeIds();
  });
  afterEach(async () => await here.close());

  const makeIds = (): { agent: AgentId; device: `dev_${string}`; session: `ses_${string}` } => ({
    agent: newId("agt", Date.now(), random),
    device: newId("dev", Date.now(), random),
    session: newId("ses", Date.now(), random),
  });
  const offboarding = (on: Kernel): Offboarding =>
    new Offboarding(
      on,
      new Brakes(on, () => {
        throw new Error("no approvals here");
      }),
    );
  const leave = async (on: Kernel = kernel): Promise<void> => {
    await (
      await offboarding(on).begin({ human: bob, reason: "left", by: "local" })
    ).receipt;
  };
  const sealed = (): { person: HumanId; box: string } => ({ person: bob, box: "c2VhbGVk" });
  const passkeyOf = (human: HumanId): Put => ({
    kind: "passkey",
    id: `key of ${human}`,
    terms: { human, publicKey: "", aaguid: "", backedUp: false, transports: [] },
    state: { status: "active", counter: 0 },
    authority: "genesis",
  });
  const agent = (more: Partial<StateRecord<"agent">["state"]> = {}, owner = bob): Put & { kind: "agent" } => ({
    kind: "agent",
    id: ids.agent,
    terms: { name: "coder", owner, purpose: sealed(), scope: [], expiresAt: UNTIL, salt: "" },
    state: { status: "active", executables: [], ...more },
    authority: null,
  });
  const device = (): Put => ({
    kind: "device",
    id: ids.device,
    terms: { owner: bob, jwk: { kty: "OKP", crv: "Ed25519", x: "" }, jkt: "", tier: "software", name: sealed() },
    state: { status: "active" },
    authority: null,
  });
  const task = (): Put => ({
    kind: "task",
    id: newId("tsk", Date.now(), random),
    terms: {
      agent: ids.agent,
      human: bob,
      device: ids.device,
      session: ids.session,
      purpose: sealed(),
      grants: [],
      openedAt: UNTIL,
      expiresAt: UNTIL,
      idleSeconds: 900,
      runtime: null,
    },
    state: { status: "live", jkts: [], cause: null },
    authority: null,
  });
  const mandate = (): Put => ({
    kind: "mandate",
    id: newId("mdt", Date.now(), random),
    terms: {
      agent: ids.agent,
      owner: bob,
      device: ids.device,
      purpose: sealed(),
      grants: [],
      trigger: sealed(),
      tasksPerDay: 1,
      expiresAt: UNTIL,
      salt: "",
    },
    state: { status: "active", day: "", opened: 0 },
    authority: null,
  });
  const session = (): Put => ({
    kind: "session",
    id: ids.session,
    terms: { human: bob, device: null, jkt: null, cookieDigest: "digest", expiresAt: UNTIL },
    state: { status: "active" },
    authority: null,
  });
  const invite = (): Put => ({
    kind: "invite",
    id: newId("inv", Date.now(), random),
    terms: { tokenDigest: "digest", roles: ["admin"], expiresAt: UNTIL, by: bob },
    state: { status: "open" },
    authority: null,
  });
  const approval = (): Put =>
    ({
      kind: "approval",
      id: newId("apr", Date.now(), random),
      terms: { subject: "call", human: bob, device: null, agent: ids.agent, task: null, expiresAt: UNTIL },
      state: { status: "pending", answers: [], intent: null, cause: null },
      authority: null,
    }) as unknown as Put;

  /** The kernel of a server before whose first commit something else is committed. */
  const overtakenBy = (...puts: readonly Put[]): Kernel => {
    let first = true;
    const commit = async (own: Commit): Promise<Awaited<ReturnType<Kernel["store"]["commit"]>>> => {
      if (first) {
        first = false;
        await here.put(...puts);
      }
      return await kernel.store.commit(own);
    };
    const store = new Proxy(kernel.store, {
      get: (target, name) => {
        const value: unknown = name === "commit" ? commit : Reflect.get(target, name, target);
        return typeof value === "function" && name !== "commit" ? value.bind(target) : value;
      },
    });
    return { ...kernel, store };
  };

  it.each([
    ["an agent", agent, "owner_lost"],
    ["a suspended agent", () => agent({ status: "suspended" }), "owner_lost"],
    ["a task", task, "severed"],
    ["a mandate", mandate, "revoked"],
    ["a session", session, "ended"],
    ["a passkey", () => passkeyOf(bob), "revoked"],
    ["a device", device, "retired"],
    ["an invitation", invite, "closed"],
    ["a question to the person", approval, "void"],
  ])(
    "%s that comes between the look and the commit ends with them",
    verifies("INV-8", "INV-10"),
    async (_, make, end) => {
      const put = make();
      await leave(overtakenBy(put));
      expect((await kernel.store.get(put.kind, put.id))?.state).toMatchObject({ status: end });
      expect((await kernel.store.get("human", bob))?.state.status).toBe("inactive");
    },
  );

  it("what was ended otherwise meanwhile stays as it ended", verifies("INV-8"), async () => {
    await here.put(agent());
    await leave(overtakenBy(agent({ status: "retired" })));
    expect((await kernel.store.get("agent", ids.agent))?.state.status).toBe("retired");
  });

  it("of two administrators who are off-boarded by each other at once, one stays", verifies("INV-8"), async () => {
    await here.put(passkeyOf(bob));
    const carol = await here.person();
    await here.put(passkeyOf(carol));
    const admins = (await kernel.store.find("human", { status: "active" })).map(({ id }) => id);
    const outcomes = await Promise.allSettled(
      admins.map(async (human) => await offboarding(kernel).begin({ human, reason: "x", by: "local" })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(admins.length - 1);
    expect(await kernel.store.count("human", { status: "active" })).toBe(1);
  });

  it.each([
    ["registered", agentCreateKind, [], () => ({ ...agent().terms, id: ids.agent })],
    ["reinstated", agentReinstateKind, [() => agent({ status: "suspended" })], () => ({ id: ids.agent })],
    [
      "given to them",
      agentReassignKind,
      [() => agent({ status: "owner_lost" }, newId("hum", 0, random))],
      () => ({ id: ids.agent, owner: bob }),
    ],
    [
      "given a mandate",
      mandateCreateKind,
      [agent, device],
      () => {
        const { id, terms } = mandate();
        return { id, terms, workload: null };
      },
    ],
  ] as const)(
    "an agent is not %s any more by what was signed before the person left",
    verifies("INV-8"),
    async (...row) => {
      const [, kind, before, draft] = row;
      for (const make of before) await here.put(make());
      const approver = (await kernel.store.find("human", { status: "active" }))[0] as StateRecord<"human">;
      const built = await kind.build(kernel, draft() as never, approver);
      await leave();
      const puts = [...built.bound, ...built.also];
      const entries = [serverEntry(kernel, "identity", { action: kind.act, changes: named(puts) })];
      expect(await kernel.store.commit({ expect: built.expect, put: puts, entries })).toMatchObject({ ok: false });
      await expect(kind.build(kernel, draft() as never, approver)).rejects.toMatchObject({ code: "approval.changed" });
    },
  );

  it("nobody signs in on a machine by what they signed before they left", verifies("INV-8"), async () => {
    const person = (await kernel.store.get("human", bob)) as StateRecord<"human">;
    const jwk = { kty: "OKP", crv: "Ed25519", x: "AAAA" };
    const draft = { device: ids.device, deviceName: "x", deviceJwk: jwk, sessionJkt: "", evidence: "" };
    const built = await sessionOpenKind.build(kernel, draft, person);
    await leave();
    const puts = [...built.bound];
    const entries = [serverEntry(kernel, "identity", { action: "session.open", changes: named(puts) })];
    expect(await kernel.store.commit({ expect: built.expect, put: puts, entries })).toMatchObject({ ok: false });
  });

  it("a return brings back the person and their passkeys, and no agent", verifies("INV-8"), async () => {
    await here.put(agent(), passkeyOf(bob), device());
    await leave();
    const alice = (await kernel.store.find("human", { status: "active" }))[0] as StateRecord<"human">;
    const built = await humanReinstateKind.build(kernel, { id: bob }, alice);
    expect([...built.bound, ...built.also].map(({ kind }) => kind)).toEqual(["human", "passkey"]);
  });

  it(
    "thousands of agents lose their owner in one transaction, in entries that the ledger takes",
    verifies("INV-8"),
    async () => {
      const count = 2000;
      const authority = {
        change: { act: "agent.create", records: [] },
        signed: { box: "x".repeat(1500) },
        assertion: {},
      };
      for (let at = 0; at < count; at += 1000) {
        const puts = Array.from({ length: 1000 }, (_, i) => ({
          ...agent(),
          authority: authority as never,
          id: newId("agt", Date.now() + at + i, random),
          terms: { ...agent().terms, name: `agent-${String(at + i)}` },
        }));
        const entries = [0, 250, 500, 750].map((from) =>
          serverEntry(kernel, "admin", { action: "test", changes: named(puts.slice(from, from + 250)) }),
        );
        await kernel.store.commit({ put: puts, entries });
      }
      await leave();
      expect(await kernel.store.count("agent", { owner: bob, status: "owner_lost" })).toBe(count);
      expect(await kernel.store.count("agent", { owner: bob, status: "active" })).toBe(0);
      expect(await here.kernel.store.audit()).toEqual([]);
    },
  );
});
