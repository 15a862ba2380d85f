import { AppError, type HumanId, type Json } from "@countersign/core";
import { type ChangeKind, humanName } from "../approvals/index.ts";
import { withState } from "../store/index.ts";

/**
 * Lets a person in again who had left, with the passkeys that they had. It revives nothing else: their devices enrol anew, their agents stay
 * without an owner until each is given one by a signature (INV-8), and a stop of their agents is lifted by a thaw of its own.
 */
export const humanReinstateKind: ChangeKind = {
  act: "human.reinstate",
  approvers: "role:admin",
  entryKind: "identity",
  async build(kernel, draft: Json, approver) {
    const { id } = draft as { id: HumanId };
    const human = await kernel.store.get("human", id);
    if (human?.state.status !== "inactive" || approver.id === id)
      throw new AppError("approval.changed", { detail: "this person is not out any more" });
    const passkeys = await kernel.store.find("passkey", { owner: id, status: "revoked" });
    const name = (await humanName(kernel, id))?.name ?? "(erased)";
    return {
      bound: [
        withState(human, { status: "active" }),
        ...passkeys.map((passkey) => withState(passkey, { ...passkey.state, status: "active" })),
      ],
      also: [],
      expect: [human, ...passkeys].map((r) => ({ kind: r.kind, id: r.id, version: r.version })),
      shown: {
        human: id,
        name,
        roles: [...human.terms.roles],
        passkeys: passkeys.map((passkey) => ({
          passkey: passkey.id,
          authenticator: passkey.terms.aaguid,
          backedUp: passkey.terms.backedUp,
        })),
      },
      sentence: `let ${name}, who had left, in again${human.terms.roles.length === 0 ? "" : ` as ${human.terms.roles.join(", ")}`}`,
    };
  },
};
