import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LedgerEntry, type PointId, newId } from "@countersign/core";
import { type SigningKey, generateSigningKey, isSignedBy, signBytes } from "@countersign/credentials";
import {
  type ControlPlane,
  Forwarder,
  type Spool,
  type SpoolFrame,
  type SpoolRun,
  openSpool,
  spooling,
} from "@countersign/enforce";
import { SpooledActions } from "@countersign/enforce/testing";
import { EntryChecks, sha256, spoolSignedBytes } from "@countersign/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { change, serverEntry } from "../kernel.ts";
import type { LedgerStore, Put, StoredEntry } from "../store/index.ts";
import { spools } from "../status/doctor.ts";
import { Servers } from "../testing/servers.ts";
import { chain } from "./check-run.ts";
import { readRun } from "./link/bodies.ts";
import { LocalControlPlane } from "./control-plane.ts";
import { ServedPoints } from "./served-points.ts";

const random = (length: number): Uint8Array => randomBytes(length);
const ALL = { frames: 256, bytes: 1e12 };
const log = { warn: () => undefined, error: () => undefined };

let servers: Servers;
let control: ControlPlane;
let directory: string;
let point: PointId;
let key: SigningKey;
let act: SpooledActions;
let spool: Spool;
const opened: Spool[] = [];

const openHere = async (at = directory): Promise<Spool> => {
  const one = await openSpool({ directory: at, point, random, clock: servers.a.now });
  opened.push(one);
  return one;
};
const sign = (run: Omit<SpoolRun, "key" | "signature">, by = key): SpoolRun => ({
  ...run,
  key: by.jwk,
  signature: signBytes(by, spoolSignedBytes(run)).toString("base64url"),
});
const nextRun = async (from = spool, most = ALL): Promise<SpoolRun> => sign((await from.run(most))!);
const entries = async (): Promise<LedgerEntry[]> =>
  (await servers.a.store.entries({ limit: 10_000 })).map(({ body }: StoredEntry) => body as unknown as LedgerEntry);
const spooled = async (): Promise<LedgerEntry[]> => (await entries()).filter((entry) => entry.spool !== undefined);
/** What a stranger finds who reads the ledger, and what differs between state and journal. */
async function remarks(): Promise<readonly unknown[]> {
  const store = servers.a.store as LedgerStore;
  const checks = new EntryChecks({ sha256, verify: isSignedBy });
  for (const { leaf, index } of await store.entries({ limit: 10_000 })) checks.see(leaf, index);
  return [...checks.finish().listed, ...(await store.audit())];
}
const record = async (): Promise<unknown> => (await servers.a.store.get("spool", point))?.state;
async function send(from = spool): Promise<void> {
  for (let run = await from.run(ALL); run !== null; run = await from.run(ALL)) {
    const merged = await control.merge(sign(run));
    if (!merged.ok) throw new Error(merged.code);
    await from.confirm(merged);
  }
}

/** The task that these actions are done in. */
async function putTask({ chain: { task, ...terms } }: SpooledActions, more: object = {}): Promise<void> {
  const times = { openedAt: "2027-01-15T08:00:00.000Z", expiresAt: "2027-01-15T09:00:00.000Z", idleSeconds: 900 };
  const sealed = { session: null, purpose: { person: terms.human!, box: "" }, grants: [], runtime: null };
  const put = {
    kind: "task",
    id: task!,
    terms: { ...terms, ...sealed, ...times },
    state: { status: "live", jkts: [], cause: null, ...more },
    authority: null,
  } as unknown as Put;
  await change(servers.a, {
    put: [put],
    entries: [serverEntry(servers.a, "task", { action: "task.open", changes: [put] })],
  });
}

beforeEach(async () => {
  servers = await Servers.open();
  directory = mkdtempSync(join(tmpdir(), "countersign-merge-"));
  control = new LocalControlPlane(servers.a, {} as never, new ServedPoints(servers.a, () => servers.a.now()));
  point = newId("ep", servers.a.now(), random);
  key = generateSigningKey("P-256");
  const terms = {
    name: "far",
    place: "joined",
    jkt: key.jkt,
    joinedAt: new Date(servers.a.now()).toISOString(),
  } as const;
  const put: Put = {
    kind: "point",
    id: point,
    terms,
    state: { status: "active", instance: "x", url: null },
    authority: null,
  };
  await change(servers.a, {
    put: [put],
    entries: [serverEntry(servers.a, "admin", { action: "point.joined", changes: [put] })],
  });
  const human = newId("hum", servers.a.now(), random);
  const { name, bytes } = await servers.a.keys.newPerson(human);
  await servers.a.store.commit({ blobs: [{ name, bytes }] });
  act = new SpooledActions({
    human,
    device: newId("dev", servers.a.now(), random),
    agent: newId("agt", servers.a.now(), random),
    task: newId("tsk", servers.a.now(), random),
  });
  act.clock = servers.a.now;
  await putTask(act);
  spool = await openHere();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (one) => await one.close()));
  rmSync(directory, { recursive: true, force: true });
  await servers[Symbol.asyncDispose]();
});

describe("a spool that is merged", () => {
  it("becomes entries with their place in the chain, sealed arguments, and one entry with the signature", async () => {
    const [read, refusal] = [act.read({ path: "/a" }), act.refusal()];
    await Promise.all([spool.append(read), spool.append(refusal)]);
    servers.pass(5000);
    const run = await nextRun();
    expect(await control.merge(run)).toEqual({ ok: true, seq: 2, hash: run.hash });
    const all = await entries();
    const at = all.findIndex(({ action }) => action === "spool.merged");
    expect(all[at]).toMatchObject({
      kind: "admin",
      resource: point,
      cause: { from: 1, to: 2, hash: run.hash, signature: run.signature, spool: run.spool },
      records: [{ kind: "spool", id: point }],
    });
    const drafts = [...read.entries, ...refusal.entries];
    expect(all.slice(at + 1)).toEqual(
      drafts.map((draft, i) => ({
        ...draft,
        v: 1,
        point,
        pointSeq: i + 1,
        taskSeq: i + 1,
        spool: { seq: i < 2 ? 1 : 2, hash: i < 2 ? all[at + 1]?.spool?.hash : run.hash },
      })),
    );
    expect(await record()).toMatchObject({ status: "merging", seq: 2, hash: run.hash, lateMs: 5000 });
    const name = `disclosure/${read.entries[0].id}`;
    const box = await servers.a.store.blob(name);
    expect(JSON.parse((await servers.a.keys.openBlob(act.chain.human, name, box!))!)).toEqual({
      salt: read.disclosure?.salt,
      arguments: { path: "/a" },
    });
    expect(await remarks()).toEqual([]);
  });

  it("passes the link with whatever the spool took: else it would be sent for ever", async () => {
    const frames = [
      act.refusal({ action: `mcp:files/${"x".repeat(20_000)}`, cause: "x".repeat(30_000) }),
      act.refusal({
        decision: {
          result: "deny",
          step: "tool",
          code: "tool.unknown",
          policyIds: ["x".repeat(5000)],
          policySetHash: "x".repeat(500),
        },
      }),
      act.read({ "\u0000": "ü€𝄞", deep: [[[[[[[[[[]]]]]]]]]] }),
    ];
    for (const frame of frames) await spool.append(frame);
    const run = await nextRun();
    expect(readRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    expect(await control.merge(run)).toMatchObject({ ok: true, seq: 3 });
    expect(await remarks()).toEqual([]);
  });

  it("is merged once: repeats, also of older and of larger runs, are answered as merged", async () => {
    for (let i = 0; i < 3; i += 1) await spool.append(act.read());
    const one = await nextRun(spool, { frames: 1, bytes: 1e9 });
    const three = await nextRun();
    expect(await control.merge(one)).toMatchObject({ ok: true, seq: 1 });
    expect(await control.merge(one)).toMatchObject({ ok: true, seq: 1 });
    // It overlaps: nothing is taken, and the point is told where to go on.
    expect(await control.merge(three)).toEqual({ ok: true, seq: 1, hash: one.hash });
    await spool.confirm({ seq: 1, hash: one.hash });
    await send();
    expect(await control.merge(one)).toMatchObject({ ok: true, seq: 3 });
    expect(await control.merge(three)).toMatchObject({ ok: true, seq: 3 });
    expect(await spooled()).toHaveLength(6);
    expect((await entries()).filter(({ action }) => action === "spool.merged")).toHaveLength(2);
  });

  it("is merged once by two servers at the same time", async () => {
    const other = new LocalControlPlane(servers.b, {} as never, new ServedPoints(servers.b, () => servers.b.now()));
    for (let i = 0; i < 20; i += 1) await spool.append(act.read());
    const run = await nextRun();
    const answers = await Promise.all([control, other, control, other].map(async (one) => await one.merge(run)));
    for (const answer of answers) expect(answer).toEqual({ ok: true, seq: 20, hash: run.hash });
    expect(await spooled()).toHaveLength(40);
  });

  it("goes on after a restart of the point that was told nothing of the last merge", async () => {
    await spool.append(act.read());
    await control.merge(await nextRun());
    await spool.close();
    spool = await openHere();
    await spool.append(act.read());
    await send();
    expect((await spooled()).map((entry) => entry.spool?.seq)).toEqual([1, 1, 2, 2]);
  });

  it("keeps the outcome that both the control plane and the spool have once, and vouches for it", async () => {
    const {
      disclosure: _,
      entries: [intent],
      intent: id,
    } = act.intent({}, { effect: "write" });
    await control.record({ point, entries: [intent] });
    const outcome = act.outcome(id, "write");
    await control.record({ point, ...outcome });
    await spool.append(outcome);
    await spool.append(act.read());
    await send();
    expect((await entries()).filter(({ id: entry }) => entry === outcome.entries[0].id)).toHaveLength(1);
    const merged = (await entries()).find(({ action }) => action === "spool.merged");
    expect(merged?.cause).toMatchObject({ present: [{ seq: 1, at: 0, id: outcome.entries[0].id }] });
    expect(await spooled()).toHaveLength(2);
    expect(await remarks()).toEqual([]);
  });

  it("forgets the arguments of a person who was forgotten meanwhile, and merges the rest", async () => {
    const nobody = new SpooledActions({
      ...act.chain,
      human: newId("hum", servers.a.now(), random),
      task: newId("tsk", servers.a.now(), random),
    });
    await putTask(nobody);
    await spool.append(nobody.read());
    await send();
    expect(await spooled()).toHaveLength(2);
  });

  it("says so when another spool begins, and takes nothing of the former one again", async () => {
    await spool.append(act.read());
    const former = await nextRun();
    await send();
    await spool.append(act.read());
    const unsent = await nextRun();
    const elsewhere = mkdtempSync(join(tmpdir(), "countersign-merge-"));
    const fresh = await openHere(elsewhere);
    await fresh.append(act.read());
    await send(fresh);
    expect((await entries()).filter(({ action }) => action === "spool.merged").at(-1)?.cause).toMatchObject({
      former: { spool: former.spool, seq: 1, hash: former.hash },
    });
    expect(await control.merge(former)).toMatchObject({ ok: true });
    expect(await spooled()).toHaveLength(4);
    expect(await remarks()).toEqual([]);
    expect(await control.merge(unsent)).toEqual({ ok: false, code: "spool.forked" });
    rmSync(elsewhere, { recursive: true, force: true });
  });
});

describe("whose actions a spool may hold", () => {
  it("those of tasks that have ended since, and refusals of credentials that were for other gateways", async () => {
    await spool.append(act.read());
    await putTask(act, { status: "ended", gateways: [point] });
    await send();
    await spool.append(act.read());
    await putTask(act, { gateways: [newId("ep", 1, random)] });
    await spool.append(act.refusal());
    await putTask(act, { gateways: [newId("ep", 1, random), point] });
    await send();
    expect(await record()).toMatchObject({ status: "merging", seq: 3 });
    await putTask(act, { gateways: [newId("ep", 1, random)] });
    await spool.append(act.refusal());
    await send();
    expect(await record()).toMatchObject({ status: "merging", seq: 4 });
  });

  it("none of a task whose credentials were never for this gateway", verifies("INV-11"), async () => {
    await putTask(act, { gateways: [newId("ep", 1, random)] });
    await spool.append(act.read());
    expect(await control.merge(await nextRun())).toEqual({ ok: false, code: "spool.refused" });
    expect(await record()).toMatchObject({ status: "stopped", cause: "spool.refused" });
    expect(await spooled()).toEqual([]);
  });
});

describe("a spool that is refused", () => {
  const stopped = async (code: string): Promise<void> => {
    expect(await record()).toMatchObject({ status: "stopped", cause: code });
    const found = (await entries()).filter(({ kind }) => kind === "detection");
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ action: code, resource: point });
    expect(await spools(servers.a)).toMatchObject({ ok: false, detail: `not merged any more: ${point} (${code})` });
    const before = (await entries()).length;
    await spool.append(act.refusal());
    expect(await control.merge(await nextRun())).toEqual({ ok: false, code: "spool.stopped" });
    expect(await entries()).toHaveLength(before);
  };

  it("is one without the signature of its point, or of no point: nothing is recorded, and the right one passes", async () => {
    await spool.append(act.read());
    const run = await nextRun();
    const unsigned = { ok: false, code: "spool.unsigned" };
    expect(await control.merge(sign(run, generateSigningKey()))).toEqual(unsigned);
    expect(await control.merge({ ...run, signature: run.signature.replace(/^../, "AA") })).toEqual(unsigned);
    expect(await control.merge({ ...run, hash: run.prev })).toEqual(unsigned);
    expect(await control.merge({ ...run, to: 2 })).toEqual(unsigned);
    expect(await control.merge({ ...run, frames: [act.read()] })).toEqual(unsigned);
    const stranger = newId("ep", servers.a.now(), random);
    expect(await control.merge(sign({ ...run, point: stranger }))).toEqual({ ok: false, code: "point.unknown" });
    expect((await entries()).filter(({ kind }) => kind === "detection")).toEqual([]);
    expect(await control.merge(run)).toMatchObject({ ok: true });
    expect(await spools(servers.a)).toMatchObject({ ok: true });
  });

  it("is one with a gap", async () => {
    for (let i = 0; i < 3; i += 1) await spool.append(act.read());
    const [one, two] = [
      await nextRun(spool, { frames: 1, bytes: 1e9 }),
      await nextRun(spool, { frames: 2, bytes: 1e9 }),
    ];
    await control.merge(one);
    await spool.confirm({ seq: 2, hash: two.hash });
    expect(await control.merge(await nextRun())).toEqual({ ok: false, code: "spool.gap" });
    await stopped("spool.gap");
  });

  /** A copy of the spool as it is now, opened. */
  const copied = async (): Promise<Spool> => {
    await spool.close();
    const backup = join(directory, "backup");
    cpSync(join(directory, "spool"), join(backup, "spool"), { recursive: true });
    cpSync(join(directory, "spool.key"), join(backup, "spool.key"));
    chmodSync(join(backup, "spool"), 0o700);
    spool = await openHere();
    return await openHere(backup);
  };

  it("is one that was restored from a backup and went on: a fork", async () => {
    await spool.append(act.read());
    const restored = await copied();
    await spool.append(act.read());
    await send();
    await restored.append(act.refusal());
    expect(await control.merge(await nextRun(restored))).toEqual({ ok: false, code: "spool.forked" });
    await stopped("spool.forked");
  });

  it("is one whose next frames stand on others than those that were merged", async () => {
    const restored = await copied();
    await spool.append(act.read());
    await send();
    await restored.append(act.refusal());
    const { to: seq, hash } = await nextRun(restored);
    await restored.append(act.refusal());
    await restored.confirm({ seq, hash });
    expect(await nextRun(restored)).toMatchObject({ from: 2, to: 2 });
    expect(await control.merge(await nextRun(restored))).toEqual({ ok: false, code: "spool.forked" });
    await stopped("spool.forked");
  });

  it("is the second of two forks that reach two servers at the same time", async () => {
    const restored = await copied();
    await Promise.all([spool.append(act.read()), restored.append(act.read())]);
    const other = new LocalControlPlane(servers.b, {} as never, new ServedPoints(servers.b, () => servers.b.now()));
    const runs = [await nextRun(), await nextRun(restored)] as const;
    const answers = await Promise.all([control.merge(runs[0]), other.merge(runs[1])]);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(answers).toContainEqual({ ok: false, code: "spool.forked" });
    await stopped("spool.forked");
    expect(await spooled()).toHaveLength(2);
  });

  it("is one with the intent of anything but a read: recorded as what it is, under its chain", async () => {
    const { entries: drafts } = act.intent({}, { effect: "destructive", action: "mcp:files/write_file" });
    await spool.append(act.read());
    await spool.append({ entries: drafts });
    expect(await control.merge(await nextRun())).toEqual({ ok: false, code: "spool.refused" });
    await stopped("spool.refused");
    const [found] = (await entries()).filter(({ kind }) => kind === "detection");
    expect(found).toMatchObject({
      chain: act.chain,
      cause: { entry: { frame: 2, id: drafts[0].id, effect: "destructive", action: "mcp:files/write_file" } },
    });
    expect(await spooled()).toEqual([]);
  });

  const badFrames: readonly (readonly [string, () => SpoolFrame])[] = [
    [
      "a hold",
      () => act.refusal({ decision: { result: "hold", step: "policy", code: null, policyIds: [], policySetHash: "" } }),
    ],
    ["an entry of the control plane", () => ({ entries: [act.draft({ kind: "admin", action: "settings.put" })] })],
    ["a long name", () => act.refusal({ kind: "admin", action: `${"x".repeat(199)}\u{1f600}${"x".repeat(58_000)}` })],
    ["the chain of somebody else", () => act.refusal({ chain: { ...act.chain, human: newId("hum", 1, random) } })],
    ["a person without a task", () => act.refusal({ chain: { ...act.chain, task: null } })],
    ["a task that is not there", () => act.refusal({ chain: { ...act.chain, task: newId("tsk", 1, random) } })],
    ["an outcome without its intent", () => act.outcome(newId("int", 1, random))],
    ["an intent that uses an approval", () => act.intent({}, { approval: newId("apr", 1, random) })],
    ["a member that no entry has", () => ({ entries: [{ ...act.refusal().entries[0], note: "x" } as never] })],
    [
      "other arguments than those of the entry",
      () => {
        const frame = act.read();
        return { ...frame, disclosure: { ...frame.disclosure!, arguments: { path: "/other" } } };
      },
    ],
  ];
  it.each(badFrames)("is one with %s", async (_, make) => {
    await spool.append(act.read());
    const { frames, ...run } = (await spool.run(ALL))!;
    const bad = make();
    const digests = bad.entries.map((draft) => chain.digest(draft));
    const hash = Buffer.from(chain.next(Buffer.from(run.hash, "base64url"), 2, digests)).toString("base64url");
    const both = sign({ ...run, to: 2, hash, frames: [frames[0], bad] });
    expect(await control.merge(both)).toEqual({ ok: false, code: "spool.refused" });
    expect(await record()).toMatchObject({ status: "stopped", seq: 0 });
    expect(await spooled()).toEqual([]);
  });
});

describe("spooling over a real store", () => {
  let reachable: boolean;
  let point2: ControlPlane;
  let forwarder: Forwarder;
  beforeEach(() => {
    reachable = true;
    const link: ControlPlane = new Proxy(control, {
      get(target, name: keyof ControlPlane) {
        return async (...args: never[]) => {
          if (!reachable) throw new Error("the link is down");
          return await (target[name] as (...a: never[]) => Promise<unknown>).apply(target, args);
        };
      },
    });
    forwarder = new Forwarder({ spool, controlPlane: link, key: () => key, random, log });
    point2 = spooling(link, spool, forwarder);
  });
  afterEach(async () => await forwarder.stop());

  it("answers reads and refusals without the control plane, and merges all of it once and in order when it is back", async () => {
    reachable = false;
    forwarder.start();
    const frames = Array.from({ length: 600 }, (_, i) =>
      i % 3 === 0 ? act.refusal() : act.read({ path: `/${String(i)}` }),
    );
    await Promise.all(
      frames.map(async (frame) => expect(await point2.record({ point, ...frame })).toEqual({ ok: true })),
    );
    expect(await forwarder.flush(150)).toBe(false);
    expect(await spooled()).toEqual([]);
    reachable = true;
    expect(await forwarder.flush(15_000)).toBe(true);
    const ids = frames.flatMap((frame) => frame.entries.map(({ id }) => id));
    expect((await spooled()).map(({ id }) => id)).toEqual(ids);
    expect(await remarks()).toEqual([]);
  });

  it("never satisfies an intent with an effect, and sends its outcome to the spool only when the link is down", async () => {
    forwarder.start();
    const { entries: intent, intent: id } = act.intent({}, { effect: "write" });
    reachable = false;
    await expect(point2.record({ point, entries: intent, guard: { resource: [] } })).rejects.toThrow("link is down");
    await expect(point2.record({ point, entries: intent })).rejects.toThrow("link is down");
    expect(spool.length).toBe(0);
    reachable = true;
    expect(await point2.record({ point, entries: intent, guard: { resource: [] } })).toEqual({ ok: true });
    reachable = false;
    expect(await point2.record({ point, ...act.outcome(id, "write") })).toEqual({ ok: true });
    expect(spool.length).toBe(1);
    reachable = true;
    expect(await forwarder.flush(15_000)).toBe(true);
    const [first, second] = (await entries()).filter(({ intent: of }) => of === id);
    expect([first?.kind, first?.spool, second?.kind, second?.spool?.seq]).toEqual([
      "action.intent",
      undefined,
      "action.outcome",
      1,
    ]);
  });

  it("records at once what is too large for a spool", async () => {
    forwarder.start();
    const frame = act.refusal({ cause: "x".repeat(59 * 1024) });
    expect(await point2.record({ point, ...frame })).toEqual({ ok: true });
    expect(spool.length).toBe(0);
    expect((await entries()).at(-1)).toMatchObject({ id: frame.entries[0].id, kind: "decision" });
  });

  it("stops acting when the control plane says that its spool is not the one that was merged", async () => {
    await point2.record({ point, ...act.read() });
    const other = await openHere(mkdtempSync(join(directory, "other-")));
    await other.append(act.read());
    const { spool: id } = (await spool.run(ALL))!;
    await servers.a.store.commit({
      put: [
        {
          kind: "spool",
          id: point,
          terms: {},
          state: { status: "merging", spool: id, seq: 1, hash: (await other.run(ALL))!.hash, lateMs: 0, cause: null },
          authority: null,
        },
      ],
      entries: [serverEntry(servers.a, "admin", { action: "test", changes: [{ kind: "spool", id: point }] })],
    });
    forwarder.start();
    expect(await forwarder.flush(15_000)).toBe(false);
    const { entries: write } = act.intent({}, { effect: "write" });
    for (const frame of [act.read(), { entries: write }])
      await expect(point2.record({ point, ...frame })).rejects.toMatchObject({ code: "ledger.damaged" });
  });

  it("sends what is left before it leaves", async () => {
    forwarder.start();
    await point2.record({ point, ...act.read() });
    await point2.leave(point);
    expect(spool.length).toBe(0);
    expect(await spooled()).toHaveLength(2);
  });
});
