import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

/** True when the running kernel is the newest of those installed in `/boot`. */
export async function readKernelCurrent(machine: Machine): Promise<PostureFact> {
  const images = (await machine.list("/boot")) ?? [];
  const versions = images.filter((name) => name.startsWith("vmlinuz-")).map((name) => name.slice("vmlinuz-".length));
  if (!versions.includes(machine.release)) return unknown("the running kernel is not among those in /boot");
  const natural = new Intl.Collator("en", { numeric: true });
  const newest = versions.toSorted((a, b) => natural.compare(a, b)).at(-1);
  return fact(newest === machine.release, "uname against /boot");
}

/** True when the kernel refuses root the ways to change it (lockdown `integrity` or `confidentiality`). */
export async function readLockdown(machine: Machine): Promise<PostureFact> {
  const path = "/sys/kernel/security/lockdown";
  const mode = /\[(\w+)\]/.exec((await machine.read(path))?.toString("utf8") ?? "")?.[1];
  return mode === undefined ? unknown(`${path} cannot be read`) : fact(mode !== "none", path);
}

/** True when AppArmor, SELinux, Smack or TOMOYO is among the active security modules. */
export async function readMandatoryAccessControl(machine: Machine): Promise<PostureFact> {
  const path = "/sys/kernel/security/lsm";
  const list = (await machine.read(path))?.toString("utf8").trim();
  if (list === undefined || list === "") return unknown(`${path} cannot be read`);
  const active = list.split(",");
  return fact(
    ["apparmor", "selinux", "smack", "tomoyo"].some((name) => active.includes(name)),
    path,
  );
}

/** True when address spaces are fully randomised. */
export async function readRandomisation(machine: Machine): Promise<PostureFact> {
  const path = "/proc/sys/kernel/randomize_va_space";
  const value = (await machine.read(path))?.toString("utf8").trim();
  return value === undefined ? unknown(`${path} cannot be read`) : fact(value === "2", path);
}
