import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Json, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SpoolLimits } from "./spool-limits.ts";
import { openSpool } from "./open-spool.ts";
import type { Spool, UnsignedRun } from "./spool.ts";
import { SpooledActions, random } from "./testing/spooled-actions.ts";

const ALL = { frames: 1_000_000, bytes: 1e12 };
const point = newId("ep", Date.now(), random);
let directory: string;
let spool: Spool;
const act = new SpooledActions();
const opened: Spool[] = [];

async function reopen(limits: Partial<SpoolLimits> = {}): Promise<Spool> {
  spool = await openSpool({ directory, point, random, clock: Date.now, limits });
  opened.push(spool);
  return spool;
}
const files = (): string[] => readdirSync(join(directory, "spool")).filter((name) => name.endsWith(".spool"));
const lastFile = (): string => join(directory, "spool", files().sort().at(-1)!);
async function everything(): Promise<UnsignedRun["frames"][number][]> {
  const frames: UnsignedRun["frames"][number][] = [];
  for (;;) {
    const run = await spool.run(ALL);
    if (run === null) return frames;
    frames.push(...run.frames);
    await spool.confirm({ seq: run.to, hash: run.hash });
  }
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "countersign-spool-"));
  await reopen();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (one) => await one.close()));
  rmSync(directory, { recursive: true, force: true });
});

describe("a spool", () => {
  it("gives back what was made durable, in order, also after it is opened again", async () => {
    const frames = Array.from({ length: 50 }, (_, i) => act.read({ path: `/${String(i)}`, text: "ü€𝄞" }));
    await Promise.all(frames.map(async (frame) => await spool.append(frame)));
    await spool.close();
    await reopen();
    const run = await spool.run(ALL);
    expect(run).toMatchObject({ point, from: 1, to: 50 });
    expect(run?.frames).toEqual(frames);
    expect(await spool.run({ frames: 3, bytes: 1e9 })).toMatchObject({ from: 1, to: 3 });
    expect(await spool.run({ frames: 9, bytes: 1 })).toMatchObject({ from: 1, to: 1 });
  });

  it("shares one sync among all that wait", async () => {
    const before = spool.syncs;
    await spool.append(act.read());
    expect(spool.syncs).toBe(before + 1);
    await Promise.all(Array.from({ length: 200 }, async () => await spool.append(act.read())));
    expect(spool.syncs).toBeLessThanOrEqual(before + 3);
    expect(spool.length).toBe(201);
  });

  it("begins new segments and removes those that were merged, and no other", async () => {
    await spool.close();
    await reopen({ segmentBytes: 4000 });
    for (let i = 0; i < 30; i += 1) await spool.append(act.read());
    expect(files().length).toBeGreaterThan(5);
    const run = await spool.run({ frames: 4, bytes: 1e9 });
    await spool.confirm({ seq: run!.to, hash: run!.hash });
    expect(spool.length).toBe(30 - run!.to);
    const before = files().length;
    expect((await everything()).length).toBe(30 - run!.to);
    expect(files().length).toBeLessThan(before);
    expect(files()).toHaveLength(1);
    await spool.close();
    await reopen({ segmentBytes: 4000 });
    await spool.append(act.read());
    await everything();
    await spool.append(act.read());
    expect(await spool.run(ALL)).toMatchObject({ from: 32, to: 32 });
  });

  it("takes nothing beyond its bounds, but the outcomes of what has begun", async () => {
    await spool.close();
    await reopen({ entries: 10 });
    const begun = act.intent();
    await spool.append(begun);
    for (let i = 0; i < 4; i += 1) await spool.append(act.read());
    await expect(spool.append(act.read())).rejects.toMatchObject({ code: "ledger.unavailable" });
    await expect(spool.append(act.read())).rejects.toMatchObject({ code: "ledger.unavailable" });
    await spool.append(act.outcome(begun.intent));
    await everything();
    await spool.append(act.read());
  });

  it("takes nothing beyond its bytes on disk", async () => {
    await spool.close();
    await reopen({ bytes: 20_000, segmentBytes: 5000 });
    const filled = async (): Promise<void> => {
      for (;;) await spool.append(act.read());
    };
    await expect(filled()).rejects.toMatchObject({ code: "ledger.unavailable" });
    const onDisk = files().reduce((sum, name) => sum + statSync(join(directory, "spool", name)).size, 0);
    expect(onDisk).toBeGreaterThan(15_000);
    expect(onDisk).toBeLessThan(25_000);
    await everything();
    await spool.append(act.read());
  });

  it("is readable by its owner only, and holds no arguments in clear", async () => {
    const frame = act.intent({ password: "hunter2-secret" }, { argsShown: { value: {}, hidden: ["/password"] } });
    await spool.append(frame);
    const paths = [
      join(directory, "spool"),
      join(directory, "spool.key"),
      ...files().map((f) => join(directory, "spool", f)),
    ];
    for (const path of paths) expect(statSync(path).mode & 0o077).toBe(0);
    expect(readFileSync(lastFile(), "latin1")).not.toContain("hunter2");
    expect((await spool.run(ALL))?.frames[0].disclosure).toEqual(frame.disclosure);
  });

  it("gives an intent that a crash cut off the outcome unknown, in whatever segment it stood", async () => {
    await spool.close();
    await reopen({ segmentBytes: 3000 });
    const [lost, ended] = [act.intent(), act.intent()];
    await Promise.all([spool.append(lost), spool.append(ended)]);
    await spool.append(act.outcome(ended.intent));
    for (let i = 0; i < 10; i += 1) await spool.append(act.read());
    await everything();
    expect(files()).toHaveLength(1);
    await spool.close();
    await reopen();
    const { to } = (await spool.run(ALL))!;
    const frames = await everything();
    const [recovered] = frames.at(-1)!.entries;
    expect(recovered).toMatchObject({
      kind: "action.outcome",
      intent: lost.intent,
      chain: act.chain,
      effect: "read",
      outcome: { status: "unknown" },
      cause: { recovered: true },
    });
    await spool.close();
    await reopen();
    expect((await spool.run(ALL))?.to).toBe(to);
  });

  it("refuses a place that is none of its chain, and then everything", async () => {
    await spool.append(act.read());
    const { to, hash } = (await spool.run(ALL))!;
    await expect(spool.confirm({ seq: to + 1, hash })).rejects.toMatchObject({ code: "ledger.damaged" });
    await expect(spool.append(act.read())).rejects.toMatchObject({ code: "ledger.damaged" });
  });

  it("refuses what JSON cannot carry, and goes on", async () => {
    await expect(spool.append(act.refusal({ resource: "file:/\ud800" }))).rejects.toMatchObject({
      code: "input.invalid_json",
    });
    const large = act.intent({ text: "x".repeat(3_200_000) }, { argsShown: null });
    await expect(spool.append(large)).rejects.toMatchObject({ code: "input.too_large" });
    const leaf = act.refusal({ cause: "x".repeat(59 * 1024) });
    await expect(spool.append(leaf)).rejects.toMatchObject({ code: "input.too_large" });
    let deep: Json = 1;
    for (let i = 0; i < 80; i += 1) deep = [deep];
    await expect(spool.append(act.refusal({ cause: deep }))).rejects.toMatchObject({ code: "input.invalid_json" });
    const odd = { entries: [{ ...act.refusal().entries[0], note: 1 }] } as never;
    await expect(spool.append(odd)).rejects.toMatchObject({ code: "input.invalid_json" });
    await spool.append(act.read());
    expect(await spool.run(ALL)).toMatchObject({ from: 1, to: 1 });
  });
});

describe("a spool that was cut or changed", () => {
  const damaged = { code: "ledger.damaged" };

  it("cuts off a torn frame behind the last durable one, and goes on from there", async () => {
    await spool.append(act.read());
    const whole = statSync(lastFile()).size;
    await spool.append(act.read());
    const bytes = readFileSync(lastFile());
    await spool.close();
    // As a power cut leaves it: the mark is older than the torn frame.
    const mark = join(directory, "spool", "mark");
    for (const end of [whole + 1, whole + 7, whole + 40, bytes.length - 1]) {
      writeFileSync(lastFile(), Buffer.concat([bytes.subarray(0, end), Buffer.alloc(end % 3 === 0 ? 512 : 0)]));
      rmSync(mark);
      await reopen();
      expect(spool.length).toBe(1);
      expect(statSync(lastFile()).size).toBe(whole);
      await spool.append(act.read());
      expect(await spool.run(ALL)).toMatchObject({ from: 1, to: 2 });
      await spool.close();
    }
  });

  it("refuses when a durable frame was cut off", async () => {
    await spool.append(act.read());
    const whole = statSync(lastFile()).size;
    await spool.append(act.read());
    await spool.close();
    truncateSync(lastFile(), whole);
    await expect(reopen()).rejects.toMatchObject(damaged);
  });

  it("refuses a flipped bit in what was durable, wherever it is", async () => {
    for (let i = 0; i < 3; i += 1) await spool.append(act.read());
    await spool.close();
    const bytes = readFileSync(lastFile());
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ (1 << (at % 8));
      writeFileSync(lastFile(), changed);
      await expect(reopen()).rejects.toMatchObject(damaged);
    }
  });

  it("refuses a damaged frame before a durable one even when the mark is lost", async () => {
    for (let i = 0; i < 3; i += 1) await spool.append(act.read());
    await spool.close();
    rmSync(join(directory, "spool", "mark"));
    const bytes = readFileSync(lastFile());
    bytes[400] = bytes[400]! ^ 1;
    writeFileSync(lastFile(), bytes);
    await expect(reopen()).rejects.toMatchObject(damaged);
  });

  it("refuses when segments, or all of them, are missing", async () => {
    await spool.close();
    await reopen({ segmentBytes: 2000 });
    for (let i = 0; i < 9; i += 1) await spool.append(act.read());
    await spool.close();
    const [, second] = files().sort();
    const kept = readFileSync(join(directory, "spool", second!));
    rmSync(join(directory, "spool", second!));
    await expect(reopen()).rejects.toMatchObject(damaged);
    writeFileSync(join(directory, "spool", second!), kept);
    await reopen();
    await spool.close();
    for (const name of files()) rmSync(join(directory, "spool", name));
    await expect(reopen()).rejects.toMatchObject(damaged);
  });

  it("is opened by one at a time", async () => {
    await expect(openSpool({ directory, point, random, clock: Date.now })).rejects.toMatchObject({
      code: "data.in_use",
    });
    await spool.append(act.read());
    await spool.close();
    await reopen();
    expect(spool.length).toBe(1);
  });

  it("refuses the spool of another point, a missing key, and a folder that others can read", async () => {
    await spool.append(act.read());
    await spool.close();
    const other = newId("ep", Date.now(), random);
    await expect(openSpool({ directory, point: other, random, clock: Date.now })).rejects.toMatchObject({
      code: "ledger.damaged",
    });
    const key = readFileSync(join(directory, "spool.key"));
    rmSync(join(directory, "spool.key"));
    await expect(reopen()).rejects.toMatchObject(damaged);
    writeFileSync(join(directory, "spool.key"), key, { mode: 0o644 });
    await expect(reopen()).rejects.toMatchObject({ code: "config.invalid" });
  });

  it("notices what was changed under its feet before it sends it", async () => {
    await spool.append(act.read());
    const file = openSync(lastFile(), "r+");
    writeSync(file, "x", statSync(lastFile()).size - 30);
    closeSync(file);
    await expect(spool.run(ALL)).rejects.toMatchObject({ code: "ledger.damaged" });
    await expect(spool.append(act.read())).rejects.toMatchObject({ code: "ledger.damaged" });
  });
});
