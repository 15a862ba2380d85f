import { homedir, release } from "node:os";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { deviceLevel } from "@countersign/credentials";
import { describe, expect, it } from "vitest";
import { openMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { readPosture } from "./posture.ts";
import { recordedMachine } from "./testing/recorded-machine.ts";
import type { Recording } from "./testing/recorded-machine.ts";

const NOW = 1_800_000_000_000;
const EFI = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/** What one fact is on a recorded machine. */
async function factOf(name: string, recording: Recording): Promise<boolean | "unknown" | undefined> {
  using machine = recordedMachine(recording);
  return (await readPosture(machine, NOW)).facts[name]?.value;
}

describe("readPosture", () => {
  it("knows nothing of an empty machine, and gives it no level", async () => {
    using machine = recordedMachine({});
    const posture = await readPosture(machine, NOW);
    expect(posture.os).toEqual({ platform: "linux", kernel: "6.1.0-30-amd64", id: null, version: null });
    expect(new Set(Object.values(posture.facts).map(({ value }) => value))).toEqual(new Set(["unknown"]));
    expect(deviceLevel(posture).level).toBeNull();
  });
  it("reads this machine", async () => {
    const machine = openMachine({
      platform: process.platform,
      release: release(),
      uid: process.getuid?.() ?? null,
      home: homedir(),
    });
    const posture = await readPosture(machine, NOW);
    expect(deviceLevel(posture)).toEqual({ level: "enrolled", missing: [] });
    expect(Object.keys(posture.facts)).toHaveLength(12);
  });
  it("tells on other systems what it does not read", async () => {
    using machine = recordedMachine({ platform: "win32", release: "10.0.26100" });
    const posture = await readPosture(machine, NOW);
    expect(posture.os).toEqual({ platform: "win32", id: "windows", version: "10.0.26100", kernel: "10.0.26100" });
    expect(posture.facts["diskEncrypted"]).toEqual({ value: "unknown", how: "not read on this system" });
  });
  it("turns a reader that fails into an unknown fact", async () => {
    using machine = recordedMachine({});
    const broken: Machine = { ...machine, list: () => Promise.reject(new Error("broken")) };
    expect((await readPosture(broken, NOW)).facts["kernelCurrent"]).toEqual({
      value: "unknown",
      how: "reading failed",
    });
  });
});

describe("operating system", () => {
  it.each<[string, Recording, string | null, string | null]>([
    ["Debian", { files: { "/etc/os-release": 'ID=debian\nVERSION_ID="12"\n' } }, "debian", "12"],
    ["a rolling release", { files: { "/etc/os-release": "ID=arch\nBUILD_ID=rolling\n" } }, "arch", "rolling"],
    ["a testing release", { files: { "/usr/lib/os-release": "ID=debian\nVERSION_CODENAME='sid'\n" } }, "debian", "sid"],
    ["an empty version", { files: { "/etc/os-release": 'ID=x\nVERSION_ID=""\n' } }, "x", null],
    ["control characters", { files: { "/etc/os-release": "ID=a\u0007b\nVERSION_ID=1\n" } }, "ab", "1"],
    [
      "macOS",
      {
        platform: "darwin",
        files: {
          "/System/Library/CoreServices/SystemVersion.plist": "<key>ProductVersion</key>\n<string>26.1</string>",
        },
      },
      "macos",
      "26.1",
    ],
    ["something else", { platform: "aix" }, null, null],
  ])("is read on %s", async (...[, recording, id, version]) => {
    using machine = recordedMachine(recording);
    expect((await readPosture(machine, NOW)).os).toMatchObject({ id, version });
  });
});

describe("disk encryption", () => {
  const mount = (device: string, target: string, source: string): string =>
    `1 0 ${device} / ${target} rw - ext4 ${source} rw\n`;
  const dm = "/sys/dev/block/254:0";
  const crypt = { [`${dm}/slaves/dm-1/dm/uuid`]: "CRYPT-LUKS2-abc", [`${dm}/dm/uuid`]: "LVM-abc" };
  it.each<[string, Recording["files"], boolean | "unknown"]>([
    [
      "a plain partition",
      { "/proc/self/mountinfo": mount("8:1", "/", "/dev/sda1"), "/sys/dev/block/8:1/size": "1" },
      false,
    ],
    [
      "dm-crypt",
      { "/proc/self/mountinfo": mount("254:0", "/", "/dev/dm-0"), [`${dm}/dm/uuid`]: "CRYPT-LUKS2-abc" },
      true,
    ],
    ["a volume on dm-crypt", { "/proc/self/mountinfo": mount("254:0", "/", "/dev/dm-0"), ...crypt }, true],
    [
      "a volume of which a part is plain",
      { "/proc/self/mountinfo": mount("254:0", "/", "/dev/dm-0"), ...crypt, [`${dm}/slaves/sda1/size`]: "1" },
      false,
    ],
    [
      "a plain /home",
      {
        "/proc/self/mountinfo": mount("254:0", "/", "/dev/dm-0") + mount("8:1", "/home", "/dev/sda1"),
        ...crypt,
        "/sys/dev/block/8:1/size": "1",
      },
      false,
    ],
    [
      "a file system with its own number",
      { "/proc/self/mountinfo": mount("0:30", "/", "/dev/sda2"), "/sys/class/block/sda2/size": "1" },
      false,
    ],
    ["an overlay", { "/proc/self/mountinfo": mount("0:30", "/", "overlay") }, "unknown"],
    [
      "a loop device",
      { "/proc/self/mountinfo": mount("7:0", "/", "/dev/loop0"), "/sys/dev/block/7:0/loop/backing_file": "/a" },
      "unknown",
    ],
    ["a device that sysfs hides", { "/proc/self/mountinfo": mount("8:1", "/", "/dev/sda1") }, "unknown"],
    ["a table without root", { "/proc/self/mountinfo": mount("8:1", "/data", "/dev/sda1") }, "unknown"],
  ])("is told for %s", async (_name, files, value) => {
    expect(await factOf("diskEncrypted", { files: files ?? {} })).toBe(value);
  });
});

describe("firmware", () => {
  it.each<[string, string, Recording["files"], boolean | "unknown"]>([
    ["secureBoot", "set", { [EFI]: Buffer.from([6, 0, 0, 0, 1]) }, true],
    ["secureBoot", "not set", { [EFI]: Buffer.from([6, 0, 0, 0, 0]) }, false],
    ["secureBoot", "cut off", { [EFI]: Buffer.from([1]) }, "unknown"],
    ["secureBoot", "hidden", { "/sys/firmware/efi": null }, "unknown"],
    ["secureBoot", "without EFI", { "/sys/firmware/acpi": null }, false],
    ["secureBoot", "masked", { "/sys/firmware": null }, "unknown"],
    ["tpmPresent", "2.0", { "/sys/class/tpm/tpm0/tpm_version_major": "2\n" }, true],
    ["tpmPresent", "1.2", { "/sys/class/tpm/tpm0/tpm_version_major": "1\n" }, false],
    ["tpmPresent", "none", { "/sys/class": null }, false],
    ["tpmPresent", "unreadable", { "/sys/class/tpm/tpm0": null }, "unknown"],
  ])("%s is told when %s", async (...[name, , files, value]) => {
    expect(await factOf(name, { files: files ?? {} })).toBe(value);
  });
});

describe("kernel", () => {
  it.each<[string, string, Recording["files"], boolean | "unknown"]>([
    ["kernelCurrent", "newest", { "/boot/vmlinuz-6.1.0-30-amd64": "", "/boot/vmlinuz-6.1.0-9-amd64": "" }, true],
    ["kernelCurrent", "old", { "/boot/vmlinuz-6.1.0-30-amd64": "", "/boot/vmlinuz-6.1.0-100-amd64": "" }, false],
    ["kernelCurrent", "foreign", { "/boot/vmlinuz-6.1.0-100-amd64": "" }, "unknown"],
    ["kernelLockdown", "on", { "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n" }, true],
    ["kernelLockdown", "off", { "/sys/kernel/security/lockdown": "[none] integrity confidentiality\n" }, false],
    ["mandatoryAccessControl", "on", { "/sys/kernel/security/lsm": "lockdown,capability,apparmor" }, true],
    ["mandatoryAccessControl", "off", { "/sys/kernel/security/lsm": "lockdown,capability,yama" }, false],
    ["mandatoryAccessControl", "empty", { "/sys/kernel/security/lsm": "" }, "unknown"],
    ["addressesRandomised", "on", { "/proc/sys/kernel/randomize_va_space": "2\n" }, true],
    ["addressesRandomised", "half", { "/proc/sys/kernel/randomize_va_space": "1\n" }, false],
  ])("%s is told when %s", async (...[name, , files, value]) => {
    expect(await factOf(name, { files: files ?? {} })).toBe(value);
  });
});

describe("firewall", () => {
  const listing = (...objects: object[]): Recording["programs"] => ({
    "/usr/sbin/nft -j list ruleset": JSON.stringify({ nftables: [{ metainfo: {} }, ...objects] }),
  });
  const chain = (policy: string, hook = "input"): object => ({ chain: { table: "filter", name: "IN", hook, policy } });
  const rule = (...expr: unknown[]): object => ({ rule: { table: "filter", chain: "IN", expr } });
  it.each<[string, Recording["programs"], boolean | "unknown"]>([
    ["no chain", listing(), false],
    ["an open chain", listing(chain("accept")), false],
    ["a closed chain", listing(chain("drop")), true],
    ["a closed chain on another hook", listing(chain("drop", "forward")), false],
    [
      "a last rule that rejects",
      listing(chain("accept"), rule({ accept: null }), rule({ counter: {} }, { reject: {} })),
      true,
    ],
    ["a last rule that accepts", listing(chain("accept"), rule({ drop: null }), rule({ accept: null })), false],
    ["a last rule with a condition", listing(chain("accept"), rule({ match: {} }, { drop: null })), false],
    ["another answer", { "/usr/sbin/nft -j list ruleset": "{}" }, "unknown"],
    ["no program", {}, "unknown"],
  ])("is told for %s", async (_name, programs, value) => {
    expect(await factOf("firewallOn", { uid: 0, programs: programs ?? {} })).toBe(value);
  });
  it("is unknown for an ordinary user", async () => {
    expect(await factOf("firewallOn", { uid: 1000, programs: listing(chain("drop")) ?? {} })).toBe("unknown");
  });
});

describe("screen lock", () => {
  const session = { "/proc/9/comm": "gnome-shell\n", "/proc/9/status": "Uid:\t1000\t1000\n" };
  const settings = (lock: string, idle: string): Recording["programs"] => ({
    "/usr/bin/gsettings get org.gnome.desktop.screensaver lock-enabled": lock,
    "/usr/bin/gsettings get org.gnome.desktop.session idle-delay": idle,
  });
  it.each<[string, Recording, boolean | "unknown"]>([
    ["it locks", { files: session, programs: settings("true\n", "uint32 300\n") ?? {} }, true],
    ["it locks late", { files: session, programs: settings("true\n", "uint32 901\n") ?? {} }, false],
    ["it never idles", { files: session, programs: settings("true\n", "uint32 0\n") ?? {} }, false],
    ["it does not lock", { files: session, programs: settings("false\n", "uint32 300\n") ?? {} }, false],
    ["nothing answers", { files: session }, "unknown"],
    [
      "the session is another user's",
      { uid: 1001, files: session, programs: settings("true\n", "uint32 300\n") ?? {} },
      "unknown",
    ],
    [
      "another desktop runs",
      { files: { ...session, "/proc/9/comm": "kwin" }, programs: settings("true\n", "uint32 300\n") ?? {} },
      "unknown",
    ],
    [
      "one setting is missing",
      { files: session, programs: { "/usr/bin/gsettings get org.gnome.desktop.session idle-delay": "uint32 300\n" } },
      "unknown",
    ],
    ["there is no session", { programs: settings("true\n", "uint32 300\n") ?? {} }, "unknown"],
  ])("is told when %s", async (_name, recording, value) => {
    expect(await factOf("screenLocks", recording)).toBe(value);
  });
});

describe("ssh server", () => {
  const safe = "PasswordAuthentication no\nPermitRootLogin no\n";
  const server = { "/usr/sbin/sshd": "" };
  const config = "/etc/ssh/sshd_config";
  it.each<[string, Recording["files"], boolean | "unknown"]>([
    ["none", { "/usr/sbin": null }, true],
    ["keys only", { ...server, [config]: `Port 22\n${safe}` }, true],
    ["the defaults", { ...server, [config]: "# PasswordAuthentication no\nPort 22\n" }, false],
    [
      "root with a key",
      { ...server, [config]: "PasswordAuthentication no\nPermitRootLogin prohibit-password\n" },
      false,
    ],
    ["a first value that counts", { ...server, [config]: `passwordauthentication yes\n${safe}` }, false],
    [
      "a drop-in",
      { ...server, [config]: "Include /etc/ssh/sshd_config.d/*.conf\n", [`${config}.d/a.conf`]: safe },
      true,
    ],
    [
      "a drop-in that opens",
      {
        ...server,
        [config]: `Include /etc/ssh/sshd_config.d/*.conf\n${safe}`,
        [`${config}.d/a.conf`]: "PasswordAuthentication=yes # why\n",
      },
      false,
    ],
    ["another include", { ...server, [config]: `Include /srv/x\n${safe}` }, "unknown"],
    [
      "a condition that opens",
      { ...server, [config]: `${safe}Match User a\n  PasswordAuthentication yes\n` },
      "unknown",
    ],
    ["a condition about something else", { ...server, [config]: `${safe}Match User a\n  X11Forwarding no\n` }, true],
    ["a file that cannot be read", { ...server, [config]: null }, "unknown"],
    [
      "a drop-in that cannot be read",
      { ...server, [config]: `Include /etc/ssh/sshd_config.d/*.conf\n${safe}`, [`${config}.d/a.conf`]: null },
      "unknown",
    ],
  ])("is told for %s", async (_name, files, value) => {
    expect(await factOf("sshPasswordsOff", { files: files ?? {} })).toBe(value);
  });
});

describe("updates", () => {
  const apt = { "/usr/bin/apt-config": "", "/usr/bin/unattended-upgrade": "" };
  const dump = (text: string): Recording["programs"] => ({
    "/usr/bin/apt-config dump APT::Periodic::Unattended-Upgrade": text,
  });
  it.each<[string, Recording, boolean | "unknown"]>([
    ["apt installs them", { files: apt, programs: dump('APT::Periodic::Unattended-Upgrade "1";\n') ?? {} }, true],
    ["apt is told not to", { files: apt, programs: dump('APT::Periodic::Unattended-Upgrade "0";\n') ?? {} }, false],
    ["apt is told nothing", { files: apt, programs: dump("") ?? {} }, false],
    [
      "the program is missing",
      { files: { "/usr/bin/apt-config": "" }, programs: dump('APT::Periodic::Unattended-Upgrade "1";\n') ?? {} },
      false,
    ],
    ["apt does not answer", { files: apt }, "unknown"],
    [
      "dnf installs them",
      { files: { "/etc/dnf": null }, programs: { "/usr/bin/systemctl is-enabled dnf5-automatic.timer": "enabled\n" } },
      true,
    ],
    ["dnf does not", { files: { "/etc/dnf": null }, programs: {} }, false],
  ])("are told when %s", async (_name, recording, value) => {
    expect(await factOf("automaticUpdates", recording)).toBe(value);
  });
  it("tell of a restart that is due for longer than a week", async () => {
    const announcer = { "/usr/share/update-notifier/notify-reboot-required": "", "/run/x": "" };
    expect(await factOf("rebootNotPending", { files: announcer })).toBe(true);
    using machine = recordedMachine({ files: { "/run/reboot-required": "" } });
    const since = (days: number): void =>
      utimesSync(join(machine.root, "/run/reboot-required"), NOW / 1000, NOW / 1000 - days * 86_400);
    since(6);
    expect((await readPosture(machine, NOW)).facts["rebootNotPending"]?.value).toBe(true);
    since(8);
    expect((await readPosture(machine, NOW)).facts["rebootNotPending"]?.value).toBe(false);
  });
});
