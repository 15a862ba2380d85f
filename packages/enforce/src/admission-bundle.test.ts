import type { Countersignature, HumanId } from "@countersign/core";
import { describe, expect, it } from "vitest";
import {
  type AnyState,
  type Person,
  agent,
  countersign,
  installation,
  newPerson,
  peopleOf,
  record,
  refusals,
} from "./testing/signed-records.ts";

const PINS = { write_file: "h1" };

/** What one signature of `client.connect` brings: this machine, a server with its definitions, the agent. */
function connection(owner: HumanId): readonly [AnyState, AnyState, AnyState] {
  return [
    record("device", "dev_1", { owner, name: "laptop", jwk: { kty: "OKP" } }),
    record("upstream", "files", { kind: "mcp", command: ["/bin/server"], pins: PINS }),
    agent(owner),
  ];
}
const under = (authority: Countersignature, records: readonly AnyState[]): AnyState[] =>
  records.map((one) => ({ ...one, authority }));
const connected = (by: Person): Countersignature => countersign(by, "client.connect", { records: connection(by.id) });
/** The same record with other terms. */
const other = (one: AnyState, terms: object): AnyState => ({ ...one, terms: { ...one.terms, ...terms } });

describe("INV-12: one signature for a client", () => {
  it("brings everything that it names into force", () => {
    const { replica, alice } = installation();
    expect(refusals(under(connected(alice), connection(alice.id)), replica)).toEqual([]);
  });

  it("brings nothing else", () => {
    const { replica, alice } = installation();
    const extra = [
      record("upstream", "more", { kind: "mcp", command: ["/bin/sh"], pins: {} }),
      record("agent", "agt_2", agent(alice.id).terms),
      record("device", "dev_2", { owner: alice.id, name: "theirs", jwk: { kty: "OKP", x: "2" } }),
      record("policy", "pol_2", { text: "permit(principal, action, resource);", hash: "x" }),
      ...peopleOf(newPerson(), ["admin"], null),
    ];
    const refused = refusals(under(connected(alice), extra), replica);
    expect(refused.toSorted()).toEqual(extra.map(({ kind, id }) => `${kind} ${id}`).toSorted());
  });

  it.each<[string, 0 | 1 | 2, object]>([
    ["another key for the device", 0, { jwk: { kty: "OKP", x: "other" } }],
    ["another pin", 1, { pins: { write_file: "h2" } }],
    ["no pins", 1, { pins: null }],
    ["another command", 1, { command: ["/bin/sh", "-c", "id"] }],
    ["more scope", 2, { scope: [] }],
  ])("does not believe %s", (_what, at, terms) => {
    const { replica, alice } = installation();
    const records = connection(alice.id);
    const forged = records.with(at, other(records[at], terms));
    const refused = refusals(under(connected(alice), forged), replica);
    expect(refused).toEqual([`${records[at].kind} ${records[at].id}`]);
    expect(replica.get("agent", "agt_1") === undefined).toBe(at === 2);
  });

  it("enrols no device of anybody but the signer", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const [device] = connection(bob.id);
    const authority = countersign(alice, "client.connect", { records: [device] });
    expect(refusals(under(authority, [device]), replica)).toEqual(["device dev_1"]);
  });

  it("takes from somebody who is no administrator at most their own device", () => {
    const { replica, alice } = installation();
    const bob = newPerson();
    const people = peopleOf(bob, [], null);
    const letIn = under(countersign(alice, "human.add", { records: people }), people);
    expect(refusals(letIn, replica)).toEqual([]);
    const refused = refusals(under(connected(bob), connection(bob.id)), replica);
    expect(refused.toSorted()).toEqual(["agent agt_1", "upstream files"]);
  });

  it("brings no upstream back that was removed since", () => {
    const { replica, alice } = installation();
    const [, upstream] = connection(alice.id);
    const [signed] = under(connected(alice), [upstream]) as [AnyState];
    const removed = { ...signed, version: 4, state: { status: "removed" } } as AnyState;
    expect(refusals([signed], replica)).toEqual([]);
    expect(refusals([removed], replica)).toEqual([]);
    expect(refusals([{ ...signed, version: 5 }], replica)).toEqual(["upstream files"]);
  });
});
