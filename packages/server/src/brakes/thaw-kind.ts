import { AppError, type BrakeId, type Json } from "@countersign/core";
import type { ChangeKind } from "../approvals/index.ts";
import { withState } from "../store/index.ts";
import { scopeWords } from "./scope.ts";

export const thawKind: ChangeKind = {
  act: "brake.thaw",
  approvers: "stopped-owner",
  entryKind: "brake",
  async build(kernel, draft: Json) {
    const id = (draft as { id: BrakeId }).id;
    const brake = await kernel.store.get("brake", id);
    if (brake === null || brake.state.status !== "active")
      throw new AppError("approval.changed", { detail: "this brake was lifted already" });
    const { scope, kind, by, at, reason } = brake.terms;
    const words = typeof reason === "string" ? reason : await kernel.keys.openText(reason);
    return {
      bound: [withState(brake, { status: "thawed" })],
      also: [],
      expect: [{ kind: "brake", id, version: brake.version }],
      shown: { brake: id, kind, scope: { ...scope }, by, at, reason: words ?? "(erased)" },
      sentence: `lift the ${kind} of ${await scopeWords(kernel, scope)}`,
    };
  },
};
