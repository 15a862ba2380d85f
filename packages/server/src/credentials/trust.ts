import type { AnyRecord, Json, PointId, StateRecord } from "@countersign/core";
import { AppError } from "@countersign/core";
import { Replica, admitAll } from "@countersign/enforce";
import type { ChangeKind } from "../approvals/index.ts";
import { type Store, withState } from "../store/index.ts";

/** An administrator's signature lets a gateway have secrets from the store, as long as it keeps its key. */
export const pointTrustKind: ChangeKind = {
  act: "point.trust",
  approvers: "role:admin",
  entryKind: "identity",
  async build(kernel, draft: Json) {
    const { id, jkt } = draft as { readonly id: PointId; readonly jkt: string };
    const point = await kernel.store.get("point", id);
    const { terms, state } = point ?? {};
    if (point === null || terms?.jkt !== jkt || state?.status === "removed" || state?.removing === true)
      throw new AppError("approval.changed", { detail: "the gateway was removed or has another key now" });
    return {
      bound: [withState(point, point.state)],
      also: [],
      expect: [{ kind: "point", id, version: point.version }],
      shown: { gateway: point.terms.name, id, key: jkt, joinedAt: point.terms.joinedAt },
      sentence: `give the gateway ${point.terms.name} the secrets that Countersign keeps for upstreams`,
    };
  },
};

/**
 * INV-12: whether the record carries an administrator's signature under its terms as they are. Verified as an enforcement point would: whoever
 * can write the database gets no secret by it.
 */
export async function isTrusted(store: Store, point: StateRecord<"point">): Promise<boolean> {
  if (point.authority === null) return false;
  const root = await store.get("root", "root");
  if (root === null) return false;
  const records: AnyRecord[] = [root, point, ...(await signersOf(store, point))];
  return admitAll(records, new Replica()).every(({ record }) => record !== point);
}

/** Most signers in a row that are looked at, from the last one to the first human. */
const MOST_SIGNERS = 1000;

/** The people and passkeys under a signature, and under theirs, down to the first human. */
async function signersOf(store: Store, record: AnyRecord): Promise<readonly AnyRecord[]> {
  const found = new Map<string, AnyRecord>();
  const open: AnyRecord[] = [record];
  for (let next = open.pop(); next !== undefined && found.size < MOST_SIGNERS; next = open.pop()) {
    const { authority } = next;
    if (authority === null || authority === "genesis") continue;
    const human = await store.get("human", authority.signed.approver);
    const passkey = await store.get("passkey", authority.assertion.id);
    for (const signer of [human, passkey]) {
      if (signer === null || found.has(signer.id)) continue;
      found.set(signer.id, signer);
      open.push(signer);
    }
  }
  return [...found.values()];
}
