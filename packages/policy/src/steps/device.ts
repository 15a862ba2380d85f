import { levelOf } from "../device-level.ts";
import { type Check, refuse } from "./step.ts";

/** Oldest posture report that still counts. */
const REPORT_MS = 300_000;
/** How far a device's clock may run ahead. */
const AHEAD_MS = 60_000;

/** The device is enrolled, has reported within five minutes and meets level `enrolled`. */
export const device: Check = ({ claims, facts, now }) => {
  const record = facts.device;
  if (!claims.ok || record === null || record.id !== claims.chain.device || record.state.status !== "active") {
    return refuse("device", "device.unknown", "the device is not enrolled; enrol it with `countersign enroll`");
  }
  const { posture } = facts;
  const age = posture === null || posture.device !== record.id ? Number.NaN : now - posture.reportedAt;
  if (posture === null || !(age <= REPORT_MS && age >= -AHEAD_MS)) {
    return refuse("device", "device.stale", "the device sent no posture report in the last 5 minutes; start its device agent");
  }
  if (levelOf(posture) === "none") {
    const os = posture.os === null ? "is not known" : `\`${posture.os}\` is not supported`;
    return refuse("device", "device.unhealthy", `the operating system ${os}; level \`enrolled\` needs a supported one`);
  }
  return null;
};
