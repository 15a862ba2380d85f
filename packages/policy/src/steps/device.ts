import { type Check, refuse } from "./step.ts";

/** Oldest posture report that still counts. */
const REPORT_SECONDS = 300;
/** How far a device's clock may run ahead. */
const AHEAD_SECONDS = 30;

/** The device is enrolled, has reported within five minutes and meets level `enrolled`. */
export const device: Check = ({ claims, facts, now }) => {
  const record = facts.device;
  if (!claims.ok || record === null || record.id !== claims.chain.device || record.state.status !== "active") {
    return refuse("device.unknown", "the device is not enrolled; enrol it with `countersign enroll`");
  }
  const { posture } = facts;
  const age = posture === null || posture.device !== record.id ? Number.NaN : now / 1000 - posture.iat;
  if (posture === null || !(age <= REPORT_SECONDS && age >= -AHEAD_SECONDS)) {
    return refuse("device.stale", "the device sent no posture report in the last 5 minutes; start its device agent");
  }
  if (posture.level !== "enrolled") {
    const lacks = posture.missing.map(({ fact, remedy }) => `\`${fact}\`: ${remedy}`).join("; ");
    return refuse("device.unhealthy", `the device does not meet level \`enrolled\`; ${lacks}`);
  }
  return null;
};
