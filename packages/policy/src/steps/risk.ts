import { type Check, refuse } from "./step.ts";

/** From this risk on (0 to 100) nothing passes. */
const RISK_SUSPENDED = 90;

/** The risk of the chain is known and below {@link RISK_SUSPENDED}. */
export const risk: Check = (input) => {
  if (Number.isInteger(input.risk) && input.risk >= 0 && input.risk < RISK_SUSPENDED) return null;
  return refuse(
    "risk.suspended",
    `the risk of this chain is \`${String(input.risk)}\`; it must be below ${String(RISK_SUSPENDED)}`,
  );
};
