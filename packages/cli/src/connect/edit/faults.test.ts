import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusalIn } from "../testing/refusal-in.ts";
import { type Failure, onFailingDisk } from "../testing/failing-disk.ts";
import { type EditPlace, type EditPlan, planEdits, readConfig, undoEdits, writePlans } from "./index.ts";

const TOML = '# mine\nmodel = "old"\n';
const NOBODY = 65_534;

describe("a file that is changed", () => {
  let home: string;
  let place: EditPlace;
  let config: string;
  let hooks: string;

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), "countersign-faults-")));
    place = { owner: "codex", stateDir: join(home, "state"), roots: [join(home, "here")] };
    mkdirSync(join(home, "here"));
    config = join(home, "here/config.toml");
    hooks = join(home, "here/deep/hooks.json");
    writeFileSync(config, TOML, { mode: 0o600 });
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** One file that is there, one that is made with its folder. */
  const plans = (value = "new"): readonly EditPlan[] => [
    planEdits({ path: config, format: "toml" }, [{ kind: "set", path: ["model"], value }], place),
    planEdits({ path: hooks, format: "json" }, [{ kind: "append", path: ["hooks"], value }], place),
  ];
  const files = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(home, "here"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "utf8")]),
    );
  const OLD = (): Record<string, string> => ({ [config]: TOML });
  const NEW = (): Record<string, string> => ({
    [config]: TOML.replace("old", "new"),
    [hooks]: '{\n  "hooks": ["new"]\n}\n',
  });

  /** What is left after a failure at each call in turn, up to the one that is no longer reached. Then it is written and undone again. */
  function* atEveryCall(how: Failure): Generator<unknown> {
    for (let at = 1; ; at += 1) {
      const { reached, error } = onFailingDisk({ at, how }, () => writePlans(plans()));
      if (!reached) return;
      yield error;
      writePlans(plans());
      expect(files()).toEqual(NEW());
      expect(undoEdits(place).filter(({ how: what }) => what === "failed" || what === "merged")).toEqual([]);
      expect(files()).toEqual(OLD());
      rmSync(join(home, "here/deep"), { recursive: true, force: true });
    }
  }

  it("is the old one or the new one, whole, wherever the machine dies; then it goes on, and back to the byte", () => {
    let calls = 0;
    for (const _ of atEveryCall("dead")) {
      calls += 1;
      const whole = Object.entries(files()).filter(([path]) => path === config || path === hooks);
      for (const [path, text] of whole) expect([OLD()[path], NEW()[path]]).toContain(text);
      expect(whole.map(([path]) => path)).toContain(config);
    }
    expect(calls).toBeGreaterThan(20);
  });

  it("stays as it is with all others when the disk is full at any moment", () => {
    let calls = 0;
    for (const error of atEveryCall("full")) {
      calls += 1;
      const outcome = error === null ? "written" : error instanceof AppError ? error.code : "";
      expect([outcome, files()]).toEqual(error === null ? ["written", NEW()] : ["config.invalid", OLD()]);
    }
    expect(calls).toBeGreaterThan(20);
  });

  it.each(["before", "after"])("survives SIGKILL %s the exchange", (when) => {
    const program = fileURLToPath(new URL("../testing/dying-program.ts", import.meta.url));
    const ran = spawnSync(process.execPath, [program, config, place.stateDir, when]);
    expect(ran.signal).toBe("SIGKILL");
    expect(readFileSync(config, "utf8")).toBe(when === "after" ? NEW()[config] : TOML);
    expect(readdirSync(join(home, "here")).length).toBe(when === "after" ? 1 : 2);
    writePlans(plans());
    expect(files()).toEqual(NEW());
    undoEdits(place);
    expect(files()).toEqual(OLD());
  });

  it("may be a link within the folders, which stays one", () => {
    const real = join(home, "here/dotfiles.toml");
    writeFileSync(real, TOML);
    rmSync(config);
    symlinkSync("dotfiles.toml", config);
    writePlans(plans());
    expect(lstatSync(config).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toContain('"new"');
    undoEdits(place);
    expect(lstatSync(config).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toBe(TOML);
  });

  it.each<[string, () => void, RegExp]>([
    [
      "a link that leads out",
      () => symlinkSync(join(home, "out.toml"), config),
      /outside of your folders|leads nowhere/,
    ],
    [
      "a link to a file outside",
      () => (writeFileSync(join(home, "out"), TOML), symlinkSync(join(home, "out"), config)),
      /outside of your folders/,
    ],
    ["a link that leads nowhere", () => symlinkSync("nothing.toml", config), /leads nowhere/],
    ["a link to itself", () => symlinkSync("config.toml", config), /cannot be followed \(ELOOP\)/],
    ["a folder", () => mkdirSync(config), /is not a regular file/],
    ["a device", () => symlinkSync("/dev/zero", config), /outside of your folders/],
    ["something that no end has", () => spawnSync("mkfifo", [config]), /is not a regular file/],
    ["far too large", () => writeFileSync(config, " ".repeat(17 * 1024 * 1024)), /is larger than 16 MiB/],
  ])("is refused when it is %s", (_what, make, words) => {
    rmSync(config);
    make();
    expect(refusalIn(() => readConfig({ path: config, format: "toml" }, place))).toMatch(words);
  });

  it("is refused when another name leads to it too", () => {
    linkSync(config, join(home, "here/other.toml"));
    expect(refusalIn(() => writePlans(plans()))).toMatch(/^config\.invalid: .*is linked from another place too/);
    expect(readFileSync(config, "utf8")).toBe(TOML);
  });

  it("is refused in a folder that cannot be written, and where it cannot be read", () => {
    const isRoot = process.getuid?.() === 0;
    for (const path of isRoot ? [home, join(home, "here"), config] : []) chownSync(path, NOBODY, NOBODY);
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      chmodSync(join(home, "here"), 0o500);
      expect(refusalIn(() => writePlans(plans()))).toMatch(
        /^config\.invalid: .*cannot be written \(EACCES\); check the rights/,
      );
      expect(readFileSync(config, "utf8")).toBe(TOML);
      chmodSync(config, 0);
      expect(refusalIn(() => plans())).toMatch(/^config\.invalid: .*cannot be read \(EACCES\); make it readable/);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(join(home, "here"), 0o700);
    }
  });

  it("keeps its rights, and its backup is its owner's alone", () => {
    chmodSync(config, 0o644);
    writePlans(plans());
    expect(statSync(config).mode & 0o777).toBe(0o644);
    const kept = readdirSync(place.stateDir, { recursive: true, withFileTypes: true });
    for (const entry of kept) {
      const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
      expect(mode).toBe(entry.isFile() ? 0o600 : 0o700);
    }
    expect(kept.filter((entry) => entry.name.endsWith(".backup")).length).toBe(1);
  });

  describe("is given back", () => {
    it("without what somebody changed of ours since: that stays, and is named", () => {
      writePlans(plans());
      writeFileSync(config, NEW()[config]?.replace('"new"', '"theirs"') ?? "");
      const [undone] = undoEdits(place).filter(({ path }) => path === config);
      expect(undone).toEqual({ path: config, how: "nothing", kept: ["model"] });
      expect(readFileSync(config, "utf8")).toContain('"theirs"');
    });

    it("by its meaning when the backup is gone or damaged", () => {
      for (const damage of [(path: string) => rmSync(path), (path: string) => writeFileSync(path, "evil = 1\n")]) {
        writePlans(plans());
        for (const entry of readdirSync(place.stateDir, { recursive: true, withFileTypes: true }))
          if (entry.name.endsWith(".backup")) damage(join(entry.parentPath, entry.name));
        expect(undoEdits(place).find(({ path }) => path === config)).toMatchObject({ how: "merged", kept: [] });
        expect(files()).toEqual(OLD());
      }
    });

    it("not at all when the person deleted it, or made nonsense of it", () => {
      writePlans(plans());
      rmSync(hooks);
      writeFileSync(config, "= nonsense\n");
      const undone = undoEdits(place);
      expect(undone.find(({ path }) => path === hooks)).toMatchObject({ how: "nothing" });
      expect(undone.find(({ path }) => path === config)?.why).toMatch(/config\.toml:1:\d+` is not valid TOML/);
      expect(files()).toEqual({ [config]: "= nonsense\n" });
      // The record is still there: once the file is mended the old model comes back.
      writeFileSync(config, NEW()[config] ?? "");
      undoEdits(place);
      expect(files()).toEqual(OLD());
    });

    it("step by step when it was changed more than once", () => {
      writePlans(plans());
      writePlans(plans("newer"));
      expect(undoEdits(place).map(({ how }) => how)).toEqual(["restored", "restored"]);
      expect(files()).toEqual(OLD());
    });
  });
});
