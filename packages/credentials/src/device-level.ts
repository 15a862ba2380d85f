import type { Posture } from "./posture.ts";

/** How healthy a device is known to be. Each level includes the one before it. */
export type DeviceLevel = "enrolled";
export interface MissingFact {
  readonly fact: string;
  /** What the person at the device can do about it. */
  readonly remedy: string;
}
export interface JudgedLevel {
  /** Null when not even `enrolled` is reached. */
  readonly level: DeviceLevel | null;
  /** What keeps the device from the level, unknown facts included. */
  readonly missing: readonly MissingFact[];
}

const SUPPORTED: readonly string[] = ["linux", "darwin", "win32"];

/**
 * Judges a report that was verified and is fresh (design 6). `enrolled`: a supported operating system whose version is known.
 * Signed enrolment and age are tested before.
 */
export function deviceLevel({ os }: Posture): JudgedLevel {
  const missing: MissingFact[] = [];
  if (!SUPPORTED.includes(os.platform)) {
    missing.push({ fact: "os.platform", remedy: "use a device that runs Linux, macOS or Windows" });
  }
  if (os.version === null || os.version.trim() === "") {
    missing.push({
      fact: "os.version",
      remedy: "make the version of the operating system readable, on Linux in /etc/os-release",
    });
  }
  return { level: missing.length === 0 ? "enrolled" : null, missing };
}
