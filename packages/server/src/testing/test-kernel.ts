import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HumanId, type Random, type Settings, newId } from "@countersign/core";
import { pino } from "pino";
import { type Kernel, change, named, serverEntry } from "../kernel.ts";
import { openKeyRing } from "../keys/index.ts";
import { Points } from "../points/index.ts";
import { type LedgerStore, type Put, openStore } from "../store/index.ts";

export const random: Random = (length) => randomBytes(length);

export interface TestKernel {
  readonly kernel: Kernel & { readonly store: LedgerStore };
  /** Writes records with an entry that names them; answers their version. */
  readonly put: (...puts: readonly Put[]) => Promise<number>;
  /** A person with a key of their own. */
  readonly person: (status?: "active" | "inactive") => Promise<HumanId>;
  /** Another server over the same state: what it knows in memory is its own. */
  readonly beside: () => Kernel;
  readonly close: () => Promise<void>;
}

const SETTINGS: Settings = {
  publicUrl: "http://localhost:7330",
  trustDomain: "localhost",
  approvals: { waitSeconds: 1, expirySeconds: 900 },
  lease: { seconds: 1, renewSeconds: 1, marginMs: 100 },
  limits: { argumentsBytes: 1_048_576, depth: 64 },
};

/** What the modules of the control plane stand on, over a real store in a folder of its own. */
export async function testKernel(more: Partial<Settings> = {}): Promise<TestKernel> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-kernel-"));
  const store = await openStore({ path: folder, clock: Date.now });
  const keys = await openKeyRing(store, randomBytes(32), { random, now: Date.now });
  const make = (): TestKernel["kernel"] => ({
    store,
    points: new Points(store),
    keys,
    random,
    now: Date.now,
    log: pino({ level: "silent" }),
    pointId: newId("ep", Date.now(), random),
    hint: () => undefined,
    gatewayUrl: () => "http://localhost:7331",
  });
  const kernel = make();
  const put: TestKernel["put"] = async (...puts) => {
    const entries = [serverEntry(kernel, "admin", { action: "test", changes: named(puts) })];
    return (await change(kernel, { put: puts, entries })).version;
  };
  await put({
    kind: "settings",
    id: "settings",
    terms: { ...SETTINGS, ...more },
    state: { status: "active" },
    authority: "genesis",
  });
  return {
    kernel,
    put,
    beside: make,
    async person(status = "active") {
      const id = newId("hum", Date.now(), random);
      const key = await keys.newPerson(id);
      await store.commit({ blobs: [key] });
      const name = await keys.sealText(id, "Alice Example");
      await put({ kind: "human", id, terms: { roles: ["admin"], name }, state: { status }, authority: "genesis" });
      return id;
    },
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
