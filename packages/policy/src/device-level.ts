import type { Posture } from "./decide-input.ts";

/** Health of a device, from worst to best. */
export type DeviceLevel = "none" | "enrolled";

const SUPPORTED_OS: readonly string[] = ["linux", "darwin", "win32"];

/** The level that a fresh, verified report earns. Unknown facts never pass: a level needs every fact that it names. */
export function levelOf(posture: Posture): DeviceLevel {
  return posture.os !== null && SUPPORTED_OS.includes(posture.os) ? "enrolled" : "none";
}
