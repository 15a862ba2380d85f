import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

const APT_CONFIG = "/usr/bin/apt-config";
const SYSTEMCTL = "/usr/bin/systemctl";
const TIMERS = ["dnf-automatic.timer", "dnf-automatic-install.timer", "dnf5-automatic.timer"];
const REBOOT = "/run/reboot-required";
const GRACE_MS = 7 * 24 * 3_600_000;

/** True when security updates are installed by themselves: unattended-upgrades on Debian, dnf-automatic on Fedora and its kin. */
export async function readAutomaticUpdates(machine: Machine): Promise<PostureFact> {
  if ((await machine.exists(APT_CONFIG)) === true) {
    const dumped = await machine.run(APT_CONFIG, ["dump", "APT::Periodic::Unattended-Upgrade"]);
    if (dumped === null) return unknown(`${APT_CONFIG} cannot be run`);
    const days = /^APT::Periodic::Unattended-Upgrade "(\d+)";/m.exec(dumped)?.[1];
    const installed = (await machine.exists("/usr/bin/unattended-upgrade")) === true;
    return fact(installed && days !== undefined && Number(days) > 0, `${APT_CONFIG} dump`);
  }
  if ((await machine.exists("/etc/dnf")) !== true) return unknown("neither apt nor dnf is installed");
  const states = await Promise.all(TIMERS.map((timer) => machine.run(SYSTEMCTL, ["is-enabled", timer])));
  return fact(
    states.some((state) => state?.trim() === "enabled"),
    `${SYSTEMCTL} is-enabled`,
  );
}

/** True when no restart has been due for more than a week. Known only where something announces it. */
export async function readRebootNotPending(machine: Machine, now: number): Promise<PostureFact> {
  const since = await machine.modifiedAt(REBOOT);
  if (since !== null) return fact(now - since < GRACE_MS, REBOOT);
  const announced = (await machine.exists("/usr/share/update-notifier/notify-reboot-required")) === true;
  const absent = (await machine.exists(REBOOT)) === false;
  return announced && absent ? fact(true, `no ${REBOOT}`) : unknown("nothing on this system announces a restart");
}
