import { type BrakeId, type StateRecord, covers, isId, reached } from "@countersign/core";
import { type Check, refuse } from "./step.ts";

/** No freeze covers the action; then no sever, and the task itself is not severed. */
export const brake: Check = ({ claims, call, facts }) => {
  if (!claims.ok) return refuse(claims.code, claims.reason);
  let severed: StateRecord<"brake"> | null = null;
  const names = reached(call);
  for (const record of facts.brakes) {
    if (record.state.status === "thawed" || !covers(record.terms.scope, claims.chain, names)) continue;
    if (record.terms.kind === "freeze") {
      return refuse("brake.frozen", `freeze \`${record.id}\` covers this action; it passes after a signed thaw`, {
        brake: record.id,
      });
    }
    severed ??= record;
  }
  if (severed !== null) return refuseSevered(severed.id);
  if (facts.task?.state.status === "severed") {
    const { cause } = facts.task.state;
    return refuseSevered(isId("brk", cause) ? cause : null);
  }
  return null;
};

function refuseSevered(id: BrakeId | null): ReturnType<Check> {
  const by = id === null ? "" : ` by \`${id}\``;
  const reason = `the task was severed${by}; its owner must sign before another one opens`;
  return refuse("brake.severed", reason, id === null ? {} : { brake: id });
}
