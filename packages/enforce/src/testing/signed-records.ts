import {
  type Change,
  type Countersignature,
  type HumanId,
  type Sealed,
  type SignedApproval,
  type StateRecord,
  newId,
} from "@countersign/core";
import { approvalChallenge, changeDigest, digestOf, termsDigest } from "@countersign/credentials";
import { type SoftAuthenticator, createSoftAuthenticator } from "@countersign/credentials/testing";
import { admitAll } from "../admission.ts";
import { Replica } from "../replica.ts";
import { random } from "./bench-point.ts";

export const ORIGIN = "http://localhost:7330";
export const NOW: number = Date.now();
export const sealed: Sealed = { person: "hum_x", box: "" };
export type AnyState = StateRecord;

export interface Person {
  readonly id: HumanId;
  readonly key: SoftAuthenticator;
}
export const newPerson = (): Person => ({
  id: newId("hum", NOW, random),
  key: createSoftAuthenticator({ rpId: "localhost", origin: ORIGIN }),
});

export function peopleOf(person: Person, roles: readonly string[], authority: unknown): AnyState[] {
  const terms = { human: person.id, publicKey: person.key.publicKey, aaguid: "", backedUp: false, transports: [] };
  const state = { status: "active" };
  return [
    { kind: "human", id: person.id, version: 2, terms: { roles, name: sealed }, state, authority },
    { kind: "passkey", id: person.key.credentialId, version: 2, terms, state: { ...state, counter: 0 }, authority },
  ] as unknown as AnyState[];
}

export const genesisPolicy: AnyState = {
  kind: "policy",
  id: "pol_1",
  version: 1,
  terms: { text: "permit", hash: "h" },
  state: { status: "active" },
  authority: "genesis",
} as unknown as AnyState;
type Bound = readonly { readonly kind: string; readonly id: string; readonly termsDigest: string }[];
const digestsOf = (records: readonly AnyState[]): Bound =>
  records.map(({ kind, id, terms }) => ({ kind, id, termsDigest: termsDigest(kind, id, terms) }));
/** What the root of the last installation binds. */
let bound: Bound = digestsOf([genesisPolicy]);

export function boundRecords(): Bound {
  return bound;
}

/** A replica that knows its root: the first human, an administrator. */
export function installation(): { replica: Replica; alice: Person } {
  const alice = newPerson();
  const replica = new Replica();
  bound = digestsOf([genesisPolicy, ...peopleOf(alice, ["admin"], "genesis")]);
  const terms = {
    human: alice.id,
    passkey: alice.key.credentialId,
    origin: ORIGIN,
    rpId: "localhost",
    records: bound,
    genesis: digestOf(bound),
  };
  const root = {
    kind: "root",
    id: "root",
    version: 2,
    terms,
    state: { status: "active" },
    authority: "genesis",
  } as unknown as AnyState;
  const refused = refusals([genesisPolicy, root, ...peopleOf(alice, ["admin"], "genesis")], replica);
  if (refused.length > 0) throw new Error(`the first state is refused: ${refused.join(", ")}`);
  return { replica, alice };
}

/** A person's signature under a change; `say` is what it says else than it should. */
export function countersign(
  by: Person,
  act: Change["act"],
  { records, ...say }: Partial<SignedApproval> & { readonly records: readonly AnyState[] },
): Countersignature {
  const change: Change = {
    act,
    records: records.map(({ kind, id, terms }) => ({ kind, id, termsDigest: termsDigest(kind, id, terms) })),
  };
  const signed: SignedApproval = {
    decision: "approve",
    scope: "once",
    callDigest: changeDigest(change),
    holds: [],
    effect: "write",
    previewDigest: digestOf("shown"),
    human: null,
    device: null,
    agent: null,
    task: null,
    approver: by.id,
    policySetHash: "",
    riskLevel: "low",
    uses: 1,
    notBefore: new Date(NOW).toISOString(),
    expiresAt: new Date(NOW + 60_000).toISOString(),
    nonce: "n",
    origin: ORIGIN,
    genesis: digestOf(bound),
    ...say,
  };
  return { change, signed, assertion: by.key.sign({ challenge: approvalChallenge(signed) }) };
}

export const record = (kind: string, id: string, terms: unknown): AnyState =>
  ({
    kind,
    id,
    version: 3,
    terms,
    state: { status: "active", executables: [] },
    authority: null,
  }) as unknown as AnyState;
export const refusals = (records: readonly AnyState[], replica: Replica): string[] =>
  admitAll(records as never, replica).map(({ record: r }) => `${r.kind} ${r.id}`);

/** An agent that may do everything. */
export const agent = (owner: HumanId): AnyState =>
  record("agent", "agt_1", {
    name: "a",
    owner,
    purpose: sealed,
    scope: [{ action: "**", resource: "**" }],
    expiresAt: "",
    salt: "",
  });
