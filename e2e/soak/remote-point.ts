import { randomBytes } from "node:crypto";
import { type Chain, type LedgerEntry, type PointId, newId } from "@countersign/core";
import { type SigningKey, generateSigningKey, isSignedBy } from "@countersign/credentials";
import { type ControlPlane, Forwarder, openSpool } from "@countersign/enforce";
import { EntryChecks, sha256 } from "@countersign/ledger";
import { change, serverEntry } from "../../packages/server/src/kernel.ts";
import { LocalControlPlane } from "../../packages/server/src/points/index.ts";
import { ServedPoints } from "../../packages/server/src/points/served-points.ts";
import type { LedgerStore, Put } from "../../packages/server/src/store/index.ts";
import { Servers } from "../../packages/server/src/testing/servers.ts";

const random = (length: number): Uint8Array => randomBytes(length);
const MERGE_MS = 60_000;
const PAGE = 5000;

/** A real store that knows one point on another machine, and what that point signs with. */
export class RemotePoint {
  readonly id: PointId = newId("ep", Date.now(), random);
  readonly key: SigningKey = generateSigningKey("P-256");
  readonly chain: Chain;
  readonly control: ControlPlane;
  private readonly servers: Servers;

  private constructor(servers: Servers, chain: Chain) {
    this.servers = servers;
    this.chain = chain;
    this.control = new LocalControlPlane(servers.a, {} as never, new ServedPoints(servers.a, () => Date.now()));
  }

  static async open(): Promise<RemotePoint> {
    const servers = await Servers.open();
    const human = newId("hum", Date.now(), random);
    const { name, bytes } = await servers.a.keys.newPerson(human);
    await servers.a.store.commit({ blobs: [{ name, bytes }] });
    const id = <P extends "dev" | "agt" | "tsk">(prefix: P): ReturnType<typeof newId<P>> =>
      newId(prefix, Date.now(), random);
    const point = new RemotePoint(servers, { human, device: id("dev"), agent: id("agt"), task: id("tsk") });
    const task = taskOf(point.chain);
    await change(servers.a, {
      put: [task],
      entries: [serverEntry(servers.a, "task", { action: "task.open", changes: [task] })],
    });
    const put: Put = {
      kind: "point",
      id: point.id,
      terms: { name: "far", place: "joined", jkt: point.key.jkt, joinedAt: new Date().toISOString() },
      state: { status: "active", instance: "x", url: null },
      authority: null,
    };
    await change(servers.a, {
      put: [put],
      entries: [serverEntry(servers.a, "admin", { action: "point.joined", changes: [put] })],
    });
    return point;
  }

  async entries(): Promise<LedgerEntry[]> {
    const all: LedgerEntry[] = [];
    for (;;) {
      const page = await this.servers.a.store.entries({ from: all.length, limit: PAGE });
      all.push(...page.map(({ body }) => body as unknown as LedgerEntry));
      if (page.length < PAGE) return all;
    }
  }

  /** What a stranger finds who reads the ledger, and what differs between state and journal. */
  async remarks(): Promise<readonly unknown[]> {
    const store = this.servers.a.store as LedgerStore;
    const checks = new EntryChecks({ sha256, verify: isSignedBy });
    for (let from = 0; from < store.journal.size(); from += PAGE)
      for (const [i, leaf] of (await store.journal.leaves(from, PAGE)).entries()) checks.see(leaf, from + i);
    return [...checks.finish().listed, ...(await store.audit())];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.servers[Symbol.asyncDispose]();
  }
}

/** Opens what a crash left, as the next process does, and sends all of it. Returns the number of frames. */
export async function mergeAll({ id, key, control }: RemotePoint, directory: string): Promise<number> {
  const spool = await openSpool({ directory, point: id, random, clock: Date.now });
  const log = { warn: () => undefined, error: () => undefined };
  const forwarder = new Forwarder({ spool, controlPlane: control, key: () => key, random, log });
  try {
    const frames = spool.length;
    forwarder.start();
    if (!(await forwarder.flush(MERGE_MS))) throw spool.fault ?? new Error("the spool was not merged in time");
    return frames;
  } finally {
    await forwarder.stop();
    await spool.close();
  }
}

function taskOf({ task, ...terms }: Chain): Put {
  const times = { openedAt: "2027-01-15T08:00:00.000Z", expiresAt: "2027-01-15T09:00:00.000Z", idleSeconds: 900 };
  const rest = { session: null, purpose: { person: terms.human, box: "" }, grants: [], runtime: null };
  const state = { status: "live", jkts: [], cause: null };
  return { kind: "task", id: task, terms: { ...terms, ...rest, ...times }, state, authority: null } as unknown as Put;
}
