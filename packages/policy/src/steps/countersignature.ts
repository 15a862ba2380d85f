import { CRITICAL } from "./built-in.ts";
import { type Check, refuse } from "./step.ts";

/** Every hold is named, by policy id and policy hash, by the countersignature that came with the call. */
export const countersignature: Check = ({ countersignature: presented }, holds) => {
  if (holds.length === 0) return null;
  if (presented?.ok === false) {
    return refuse(presented.code, "the countersignature does not count; ask for a new one");
  }
  const named = presented?.holds ?? [];
  const open = holds.filter(
    ({ policyId, policyHash }) => !named.some((one) => one.policyId === policyId && one.policyHash === policyHash),
  );
  if (open.length === 0) return null;
  const isCritical = open.some(({ policyId }) => policyId === CRITICAL);
  return refuse(
    isCritical ? "critical.unsigned" : "countersignature.required",
    `held until a human signs it: ${open.map(({ reason }) => reason).join("; ")}`,
    { result: "hold", holds, policyIds: holds.map(({ policyId }) => policyId) },
  );
};
