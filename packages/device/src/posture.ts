import type { Posture, PostureFact } from "@countersign/credentials";
import { unknown } from "./fact.ts";
import { readDiskEncryption } from "./linux/disk-encryption.ts";
import { readFirewall } from "./linux/firewall.ts";
import { readKernelCurrent, readLockdown, readMandatoryAccessControl, readRandomisation } from "./linux/kernel.ts";
import { readSecureBoot, readTpm } from "./linux/firmware.ts";
import { readScreenLock } from "./linux/screen-lock.ts";
import { readSshPasswords } from "./linux/ssh-server.ts";
import { readAutomaticUpdates, readRebootNotPending } from "./linux/updates.ts";
import type { Machine } from "./machine.ts";
import { readOperatingSystem } from "./operating-system.ts";

type Reader = (machine: Machine, now: number) => Promise<PostureFact>;

/** Each fact with its reader on Linux. `true` is the healthy state; names are what policies see under `context.device.facts`. */
const LINUX: Readonly<Record<string, Reader>> = {
  diskEncrypted: readDiskEncryption,
  secureBoot: readSecureBoot,
  tpmPresent: readTpm,
  firewallOn: readFirewall,
  screenLocks: readScreenLock,
  automaticUpdates: readAutomaticUpdates,
  rebootNotPending: readRebootNotPending,
  kernelCurrent: readKernelCurrent,
  kernelLockdown: readLockdown,
  mandatoryAccessControl: readMandatoryAccessControl,
  addressesRandomised: readRandomisation,
  sshPasswordsOff: readSshPasswords,
};

/**
 * Reads what the machine tells an ordinary user about its health. Never rejects: what cannot be read is `unknown`. All facts are
 * read at once; the slowest takes as long as one small program. `now` in Unix milliseconds.
 */
export async function readPosture(machine: Machine, now: number): Promise<Posture> {
  const names = Object.keys(LINUX);
  const os = await readOperatingSystem(machine);
  const read = machine.platform === "linux" ? readFact : notReadHere;
  const facts = await Promise.all(names.map((name) => read(name, machine, now)));
  return { os, facts: Object.fromEntries(names.map((name, index) => [name, facts[index] ?? unknown("not read")])) };
}

async function readFact(name: string, machine: Machine, now: number): Promise<PostureFact> {
  try {
    return (await LINUX[name]?.(machine, now)) ?? unknown("not read");
  } catch {
    return unknown("reading failed");
  }
}

function notReadHere(): Promise<PostureFact> {
  return Promise.resolve(unknown("not read on this system"));
}
