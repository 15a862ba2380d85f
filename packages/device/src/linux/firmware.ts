import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

const SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/** True when the firmware booted with Secure Boot: the EFI variable (four bytes of attributes, then the value) is 1. */
export async function readSecureBoot(machine: Machine): Promise<PostureFact> {
  const variable = await machine.read(SECURE_BOOT);
  if (variable !== null && variable.length === 5) return fact(variable[4] === 1, "the EFI variable SecureBoot");
  const efi = await machine.exists("/sys/firmware/efi");
  if (efi === false && (await machine.list("/sys/firmware"))?.length)
    return fact(false, "no EFI firmware in /sys/firmware");
  return unknown("the EFI variable SecureBoot cannot be read");
}

/** True when the kernel knows a TPM 2.0. */
export async function readTpm(machine: Machine): Promise<PostureFact> {
  const version = (await machine.read("/sys/class/tpm/tpm0/tpm_version_major"))?.toString("utf8").trim();
  if (version !== undefined) return fact(version === "2", "/sys/class/tpm/tpm0");
  if ((await machine.exists("/sys/class")) !== true) return unknown("/sys/class cannot be read");
  return (await machine.exists("/sys/class/tpm/tpm0")) === false
    ? fact(false, "no device in /sys/class/tpm")
    : unknown("/sys/class/tpm/tpm0 cannot be read");
}
