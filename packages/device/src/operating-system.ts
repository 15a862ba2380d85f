import type { OperatingSystem } from "@countersign/credentials";
import type { Machine } from "./machine.ts";

/** Name and version of the operating system; a version that cannot be read is null. */
export async function readOperatingSystem(machine: Machine): Promise<OperatingSystem> {
  const { platform } = machine;
  const kernel = short(machine.release);
  switch (platform) {
    case "linux":
      return { platform, kernel, ...(await readOsRelease(machine)) };
    case "darwin":
      return { platform, kernel, id: "macos", version: await readMacVersion(machine) };
    case "win32":
      return { platform, kernel, id: "windows", version: kernel };
    default:
      return { platform: platform.slice(0, 32), kernel, id: null, version: null };
  }
}

async function readOsRelease(machine: Machine): Promise<{ id: string | null; version: string | null }> {
  const bytes = (await machine.read("/etc/os-release")) ?? (await machine.read("/usr/lib/os-release"));
  const values = new Map<string, string>();
  for (const line of (bytes?.toString("utf8") ?? "").split("\n")) {
    const [, name = "", quoted = ""] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? [];
    if (name !== "") values.set(name, quoted.replace(/^(["'])(.*)\1$/, "$2"));
  }
  // Systems without numbered versions name a build (`rolling`) or a codename (`sid`).
  const version = values.get("VERSION_ID") ?? values.get("BUILD_ID") ?? values.get("VERSION_CODENAME");
  return { id: short(values.get("ID")), version: short(version) };
}

async function readMacVersion(machine: Machine): Promise<string | null> {
  const bytes = await machine.read("/System/Library/CoreServices/SystemVersion.plist");
  return short(/<key>ProductVersion<\/key>\s*<string>([^<]+)<\/string>/.exec(bytes?.toString("utf8") ?? "")?.[1]);
}

function short(text: string | undefined): string | null {
  const clean = text
    ?.replace(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, 64);
  return clean === undefined || clean === "" ? null : clean;
}
