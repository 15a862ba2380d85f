import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@countersign/core";
import { pino } from "pino";
import { type Kernel, change, serverEntry } from "../kernel.ts";
import { openKeyRing } from "../keys/index.ts";
import { Points } from "../points/index.ts";
import { type LedgerStore, type Put, openStore } from "../store/index.ts";

const random = (length: number): Uint8Array => randomBytes(length);

/** Two servers over one store, as far as a module sees them: each with a kernel of its own, on the embedded database of this process. */
export class Servers {
  readonly a: Kernel;
  readonly b: Kernel;
  private readonly folder: string;
  private readonly store: LedgerStore;
  private readonly clock: { now: number };

  private constructor(
    folder: string,
    { a, b, store, clock }: { a: Kernel; b: Kernel; store: LedgerStore; clock: { now: number } },
  ) {
    this.folder = folder;
    this.store = store;
    this.clock = clock;
    this.a = a;
    this.b = b;
  }

  static async open(): Promise<Servers> {
    const folder = await mkdtemp(join(tmpdir(), "countersign-servers-"));
    const clock = { now: 1_800_000_000_000 };
    const now = (): number => clock.now;
    const store = await openStore({ path: folder, clock: now });
    const pointId = newId("ep", clock.now, random);
    const kernel = async (): Promise<Kernel> => ({
      store,
      points: new Points(store),
      keys: await openKeyRing(store, Buffer.alloc(32, 7), { random, now }),
      random,
      now,
      log: pino({ level: "silent" }),
      pointId,
      hint: () => {},
      gatewayUrl: () => "http://localhost:7331",
    });
    return new Servers(folder, { a: await kernel(), b: await kernel(), store, clock });
  }

  /** The settings that a first start writes. */
  async settled(publicUrl: string): Promise<void> {
    const put: Put = {
      kind: "settings",
      id: "settings",
      terms: {
        publicUrl,
        trustDomain: "localhost",
        approvals: { waitSeconds: 1, expirySeconds: 900 },
        lease: { seconds: 3, renewSeconds: 1, marginMs: 500 },
        limits: { argumentsBytes: 65_536, depth: 64 },
      },
      state: { status: "active" },
      authority: "genesis",
    };
    const entry = serverEntry(this.a, "upstream", { action: "settings.genesis", changes: [put] });
    await change(this.a, { put: [put], entries: [entry] });
  }

  both<T>(make: (kernel: Kernel) => T): readonly [T, T] {
    return [make(this.a), make(this.b)];
  }

  /** Lets time pass by the clock of both. */
  pass(milliseconds: number): void {
    this.clock.now += milliseconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
