import type { Change, Countersignature } from "@countersign/core";
import { digestOf } from "@countersign/credentials";
import { describe, expect, it } from "vitest";
import { verifies } from "../../../e2e/support/invariants.ts";
import { admitAll } from "./admission.ts";
import { Replica } from "./replica.ts";
import {
  type AnyState,
  NOW,
  ORIGIN,
  type Person,
  agent,
  boundRecords,
  countersign,
  genesisPolicy,
  installation,
  newPerson,
  peopleOf,
  record,
  refusals,
  sealed,
} from "./testing/signed-records.ts";

/** A new point, which has seen nothing but the root. */
function knowingOnlyTheRoot(known: Replica): Replica {
  const replica = new Replica();
  expect(refusals([known.get("root", "root") as AnyState], replica)).toEqual([]);
  return replica;
}

const policy = (): AnyState => record("policy", "pol_2", { text: "permit(principal, action, resource);", hash: "x" });
describe("INV-12: what a point believes", () => {
  it("believes what an administrator signed, and nothing that lacks it", () => {
    const { replica, alice } = installation();
    expect(refusals([policy()], replica)).toEqual(["policy pol_2"]);
    expect(replica.get("policy", "pol_2")).toBeUndefined();
    expect(refusals([{ ...policy(), authority: "genesis" }], replica)).toEqual(["policy pol_2"]);
    const signed = {
      ...policy(),
      authority: countersign(alice, "policy.publish", { records: [policy()] }),
    } as AnyState;
    expect(refusals([signed], replica)).toEqual([]);
  });

  it.each<[string, (by: Person) => Countersignature]>([
    [
      "for other terms",
      (by) => countersign(by, "policy.publish", { records: [record("policy", "pol_2", { text: "other", hash: "x" })] }),
    ],
    [
      "for another record",
      (by) => countersign(by, "policy.publish", { records: [record("policy", "pol_3", policy().terms)] }),
    ],
    ["for another act", (by) => countersign(by, "agent.create", { records: [policy()] })],
    ["that denies", (by) => countersign(by, "policy.publish", { records: [policy()], decision: "deny" })],
    [
      "of another installation",
      (by) => countersign(by, "policy.publish", { records: [policy()], genesis: digestOf("other") }),
    ],
    ["by someone unknown", () => countersign(newPerson(), "policy.publish", { records: [policy()] })],
    [
      "in another's name",
      (by) => countersign({ ...newPerson(), id: by.id }, "policy.publish", { records: [policy()] }),
    ],
  ])("refuses a signature %s", (_name, sign) => {
    const { replica, alice } = installation();
    expect(refusals([{ ...policy(), authority: sign(alice) }], replica)).toEqual(["policy pol_2"]);
  });

  it("believes a second administrator only through the first, in whatever order the records come", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const people = peopleOf(bob, ["admin"], null);
    const believed = people.map((r) => ({ ...r, authority: countersign(alice, "human.add", { records: people }) }));
    const signed = {
      ...agent(bob.id),
      authority: countersign(bob, "agent.create", { records: [agent(bob.id)] }),
    } as AnyState;
    expect(refusals([signed, ...people], replica).length).toBe(3);
    expect(refusals([signed, ...believed.toReversed()] as AnyState[], replica)).toEqual([]);
  });

  it("takes no signature of a person who is not an administrator", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const people = peopleOf(bob, [], null);
    expect(
      refusals(
        people.map((r) => ({ ...r, authority: countersign(alice, "human.add", { records: people }) })),
        replica,
      ),
    ).toEqual([]);
    expect(
      refusals([{ ...policy(), authority: countersign(bob, "policy.publish", { records: [policy()] }) }], replica),
    ).toEqual(["policy pol_2"]);
  });

  it("reinstates an agent only by a signature of its own, not by the old one", () => {
    const { replica, alice } = installation();
    const created = {
      ...agent(alice.id),
      authority: countersign(alice, "agent.create", { records: [agent(alice.id)] }),
    } as AnyState;
    const suspended = { ...created, version: 4, state: { status: "suspended", executables: [] } } as AnyState;
    expect(refusals([created], replica)).toEqual([]);
    expect(refusals([suspended], replica)).toEqual([]);
    expect(refusals([{ ...created, version: 5 }], replica)).toEqual(["agent agt_1"]);
    const back = {
      ...created,
      version: 6,
      authority: countersign(alice, "agent.reinstate", { records: [agent(alice.id)] }),
    } as AnyState;
    expect(refusals([back], replica)).toEqual([]);
  });

  it("gives an agent whose owner has left back only by a signed reassignment", verifies("INV-8"), () => {
    const { replica, alice } = installation();
    const created = {
      ...agent(alice.id),
      authority: countersign(alice, "agent.create", { records: [agent(alice.id)] }),
    } as AnyState;
    const lost = { ...created, version: 4, state: { status: "owner_lost", executables: [] } } as AnyState;
    const signed = (act: "agent.create" | "agent.reinstate" | "agent.reassign", version: number): AnyState => ({
      ...created,
      version,
      authority: countersign(alice, act, { records: [agent(alice.id)], nonce: act }),
    });
    expect(refusals([created], replica)).toEqual([]);
    expect(refusals([lost], replica)).toEqual([]);
    expect(refusals([{ ...created, version: 5 }], replica)).toEqual(["agent agt_1"]);
    expect(refusals([signed("agent.create", 6)], replica)).toEqual(["agent agt_1"]);
    expect(refusals([signed("agent.reinstate", 7)], replica)).toEqual(["agent agt_1"]);
    expect(replica.get("agent", "agt_1")?.state.status).toBe("owner_lost");
    expect(refusals([signed("agent.reassign", 8)], replica)).toEqual([]);
    expect(replica.get("agent", "agt_1")?.state.status).toBe("active");
  });

  it("stops without a signature, and lifts a stop only with one", () => {
    const { replica, alice } = installation();
    const terms = { kind: "freeze", scope: { type: "all", value: "*" }, reason: "", by: "local", at: "", agents: [] };
    const brake = { ...record("brake", "brk_1", terms), state: { status: "active" } } as AnyState;
    expect(refusals([brake], replica)).toEqual([]);
    const lifted = { ...brake, version: 5, state: { status: "thawed" } } as AnyState;
    expect(refusals([lifted], replica)).toEqual(["brake brk_1"]);
    expect(replica.get("brake", "brk_1")?.state.status).toBe("active");
    expect(
      refusals([{ ...lifted, authority: countersign(alice, "brake.thaw", { records: [brake] }) }], replica),
    ).toEqual([]);
  });

  it("lets a point join without a signature, and be trusted with secrets only with one for its very key", () => {
    const { replica, alice } = installation();
    const terms = { name: "edge", place: "joined", jkt: "key-1", joinedAt: "2026-11-22T12:00:00.000Z" };
    const point = {
      ...record("point", "ep_1", terms),
      state: { status: "away", instance: null, url: null },
    } as AnyState;
    expect(refusals([point], replica)).toEqual([]);
    const authority = countersign(alice, "point.trust", { records: [point] });
    const other = { ...point, version: 5, terms: { ...terms, jkt: "key-2" }, authority } as AnyState;
    expect(refusals([other], replica)).toEqual(["point ep_1"]);
    expect(refusals([{ ...point, version: 5, authority: "genesis" }], replica)).toEqual(["point ep_1"]);
    const wrong = countersign(alice, "agent.create", { records: [point] });
    expect(refusals([{ ...point, version: 5, authority: wrong }], replica)).toEqual(["point ep_1"]);
    expect(refusals([{ ...point, version: 5, authority }], replica)).toEqual([]);
    const removed = { ...point, version: 6, state: { status: "removed", instance: null, url: null } } as AnyState;
    expect(refusals([removed], replica)).toEqual([]);
    expect(refusals([{ ...point, version: 7, authority }], replica)).toEqual(["point ep_1"]);
  });

  it("does not let the root be exchanged", () => {
    const { replica } = installation();
    const mallory = newPerson();
    const terms = {
      human: mallory.id,
      passkey: mallory.key.credentialId,
      origin: ORIGIN,
      rpId: "localhost",
      records: boundRecords(),
      genesis: digestOf(boundRecords()),
    };
    const root = { ...record("root", "root", terms), version: 9 };
    expect(refusals([root, ...peopleOf(mallory, ["admin"], "genesis")], replica).length).toBe(3);
  });

  it("takes no signature of a person whom no administrator has let in, whatever their record says", () => {
    for (const status of ["pending", "inactive", "active"]) {
      const { replica } = installation();
      const mallory = newPerson();
      const people = peopleOf(mallory, ["admin"], null).map((r) => ({ ...r, state: { ...r.state, status } }));
      admitAll(people as never, replica);
      const forged = {
        ...policy(),
        authority: countersign(mallory, "policy.publish", { records: [policy()] }),
      } as AnyState;
      expect(refusals([forged], replica), status).toEqual(["policy pol_2"]);
    }
  });

  it("still believes what a person signed who has left since", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const people = peopleOf(bob, ["admin"], null);
    const left = people.map((r) => ({
      ...r,
      authority: countersign(alice, "human.add", { records: people }),
      state: { ...r.state, status: "inactive" },
    }));
    const signed = { ...policy(), authority: countersign(bob, "policy.publish", { records: [policy()] }) } as AnyState;
    expect(refusals([signed, ...left] as AnyState[], replica)).toEqual([]);
  });

  it("lets a person who has left come back only by a signature of its own", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const people = peopleOf(bob, [], null);
    const added = people.map((r) => ({
      ...r,
      authority: countersign(alice, "human.add", { records: people }),
    })) as AnyState[];
    const left = added.map((r) => ({
      ...r,
      version: 5,
      state: { ...r.state, status: r.kind === "human" ? "inactive" : "revoked" },
    })) as AnyState[];
    expect(refusals([...added, ...left], replica)).toEqual([]);
    expect(refusals(added.map((r) => ({ ...r, version: 6 })) as AnyState[], replica).length).toBe(2);
  });

  it("does not take another key for the first passkey, nor another first human", () => {
    const { replica, alice } = installation();
    const mallory = newPerson();
    const [, passkey] = peopleOf({ id: alice.id, key: mallory.key }, ["admin"], "genesis");
    const forged = { ...passkey, id: alice.key.credentialId, version: 9 } as AnyState;
    expect(refusals([forged], replica)).toEqual([`passkey ${alice.key.credentialId}`]);
    expect(refusals([forged], knowingOnlyTheRoot(replica))).toEqual([`passkey ${alice.key.credentialId}`]);
    const root = replica.get("root", "root");
    const exchanged = { ...root, version: 9, terms: { ...root?.terms, human: mallory.id } } as unknown as AnyState;
    expect(refusals([exchanged], replica)).toEqual(["root root"]);
  });

  it("does not let a stop in force cover less than it did", () => {
    const { replica } = installation();
    const terms = { kind: "freeze", scope: { type: "all", value: "*" }, reason: "", by: "local", at: "", agents: [] };
    const brake = { ...record("brake", "brk_1", terms), state: { status: "active" } } as AnyState;
    expect(refusals([brake], replica)).toEqual([]);
    const narrowed = {
      ...brake,
      version: 5,
      terms: { ...terms, scope: { type: "task", value: "tsk_other" } },
    } as AnyState;
    expect(refusals([narrowed], replica)).toEqual(["brake brk_1"]);
  });

  it.each([
    ["approval", "consumed", "approved"],
    ["approval", "void", "approved"],
    ["approval", "denied", "pending"],
    ["approval", "expired", "approved"],
    ["task", "ended", "live"],
    ["task", "severed", "live"],
  ])("does not let an %s that is %s be %s again", (kind, over, again) => {
    const { replica } = installation();
    const last = { ...record(kind, "x_1", {}), state: { status: over } } as AnyState;
    expect(refusals([last], replica)).toEqual([]);
    expect(refusals([{ ...last, version: 9, state: { status: again } } as never], replica)).toEqual([`${kind} x_1`]);
  });

  it.each(["task", "approval"])("does not let the terms of a %s change after it was made", (kind) => {
    const { replica } = installation();
    const made = { ...record(kind, "x_1", { expiresAt: "2026-01-01" }), state: { status: "live" } } as AnyState;
    expect(refusals([made], replica)).toEqual([]);
    expect(refusals([{ ...made, version: 9, terms: { expiresAt: "2027-01-01" } } as never], replica)).toEqual([
      `${kind} x_1`,
    ]);
  });

  it("does not let a policy set that was replaced come back by its old signature", () => {
    const { replica } = installation();
    expect(refusals([{ ...genesisPolicy, version: 5, state: { status: "superseded" } } as never], replica)).toEqual([]);
    expect(refusals([{ ...genesisPolicy, version: 6 }], replica)).toEqual(["policy pol_1"]);
  });

  it("does not reinstate an agent twice by one signature", () => {
    const { replica, alice } = installation();
    const created = {
      ...agent(alice.id),
      authority: countersign(alice, "agent.create", { records: [agent(alice.id)] }),
    } as AnyState;
    const back = {
      ...created,
      version: 6,
      authority: countersign(alice, "agent.reinstate", { records: [agent(alice.id)], nonce: "r" }),
    } as AnyState;
    const stopped = (r: AnyState, version: number): AnyState => ({
      ...r,
      version,
      state: { status: "suspended", executables: [] },
    });
    expect(refusals([created], replica)).toEqual([]);
    expect(refusals([stopped(created, 5)], replica)).toEqual([]);
    expect(refusals([back], replica)).toEqual([]);
    expect(refusals([stopped(back, 7)], replica)).toEqual([]);
    expect(refusals([{ ...back, version: 8 }], replica)).toEqual(["agent agt_1"]);
  });

  it("believes a mandate only as it was signed for, and none that was revoked", () => {
    const { replica, alice } = installation();
    const terms = {
      agent: "agt_1",
      owner: alice.id,
      device: "dev_1",
      purpose: sealed,
      grants: [{ action: "mcp:files/read_*", resource: "file:/srv/**" }],
      trigger: sealed,
      tasksPerDay: 1,
      expiresAt: new Date(NOW + 60_000).toISOString(),
      salt: "",
    };
    const counted = { status: "active", day: "", opened: 0 };
    const mandate = { ...record("mandate", "mdt_1", terms), state: counted } as unknown as AnyState;
    const signed = (act: Change["act"]): AnyState => ({
      ...mandate,
      authority: countersign(alice, act, { records: [mandate] }),
    });
    const by = (change: object): AnyState => ({ ...signed("mandate.create"), ...change });
    expect(refusals([mandate], replica)).toEqual(["mandate mdt_1"]);
    expect(refusals([signed("agent.create")], replica)).toEqual(["mandate mdt_1"]);
    expect(refusals([by({ terms: { ...terms, tasksPerDay: 100 } })], replica)).toEqual(["mandate mdt_1"]);
    expect(refusals([signed("mandate.create")], replica)).toEqual([]);
    expect(refusals([by({ version: 4, state: { ...counted, opened: 1 } })], replica)).toEqual([]);
    expect(refusals([by({ version: 5, terms: { ...terms, grants: [] } })], replica)).toEqual(["mandate mdt_1"]);
    expect(refusals([{ ...mandate, version: 6, state: { ...counted, status: "revoked" } } as never], replica)).toEqual(
      [],
    );
    expect(refusals([by({ version: 7 })], replica)).toEqual(["mandate mdt_1"]);
  });

  it("believes a task without an agent only as an administrator signed it, and any other as its agent's", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const added = peopleOf(bob, [], null);
    const letIn = added.map((one) => ({ ...one, authority: countersign(alice, "human.add", { records: added }) }));
    expect(refusals(letIn, replica)).toEqual([]);
    const terms = {
      agent: null,
      human: bob.id,
      device: "dev_1",
      session: "ses_1",
      purpose: sealed,
      grants: [{ action: "sql:billing/read", resource: "sql:billing/**" }],
      openedAt: new Date(NOW).toISOString(),
      expiresAt: new Date(NOW + 60_000).toISOString(),
      idleSeconds: 900,
      runtime: null,
    };
    const live = { status: "live", jkts: [], cause: null };
    const task = { ...record("task", "tsk_1", terms), state: live } as unknown as AnyState;
    const signed = (by: Person, act: Change["act"]): AnyState => ({
      ...task,
      authority: countersign(by, act, { records: [task] }),
    });
    const wider = { ...terms, grants: [{ action: "**", resource: "**" }] };
    expect(refusals([task], replica)).toEqual(["task tsk_1"]);
    expect(refusals([{ ...task, authority: "genesis" }], replica)).toEqual(["task tsk_1"]);
    expect(refusals([signed(bob, "task.open")], replica)).toEqual(["task tsk_1"]);
    expect(refusals([signed(alice, "mandate.create")], replica)).toEqual(["task tsk_1"]);
    expect(refusals([{ ...signed(alice, "task.open"), terms: wider } as never], replica)).toEqual(["task tsk_1"]);
    expect(refusals([signed(alice, "task.open")], replica)).toEqual([]);
    const keyed = { ...signed(alice, "task.open"), version: 5, state: { ...live, jkts: ["key"] } } as never;
    expect(refusals([keyed], replica)).toEqual([]);
    expect(refusals([{ ...signed(alice, "task.open"), version: 6, terms: wider } as never], replica)).toEqual([
      "task tsk_1",
    ]);
    const agents = { ...task, id: "tsk_2", terms: { ...terms, agent: "agt_1" } } as never;
    expect(refusals([agents], replica)).toEqual([]);
  });
});
