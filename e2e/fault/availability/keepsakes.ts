import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { verifyLog } from "@countersign/ledger";
import { nativeSha256, verifyEd25519 } from "../../../packages/cli/src/log/native-crypto.ts";
import { nowMs } from "../sightings.ts";
import type { World } from "../world.ts";
import type { KeptReceipt } from "./judge.ts";

const STOP_EVERY_MS = 700;
const PATIENCE_MS = 6000;
const LOOK_EVERY_MS = 1000;

/** What strangers keep while a system runs: the receipts of stops that they asked for, and checkpoints that its servers published. */
export class Keepsakes {
  readonly receipts: KeptReceipt[] = [];
  readonly checkpoints: Set<string> = new Set();
  private readonly world: World;
  private readonly ended = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(world: World) {
    this.world = world;
    this.running = Promise.all([this.stops(), this.looks()]);
  }

  async end(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  /** What a ledger does not have, or has otherwise, that it had when a checkpoint was kept; null: nothing. */
  async contradiction(copy: string): Promise<string | null> {
    const read = async (path: string): Promise<Uint8Array | null> => await readFile(join(copy, path)).catch(() => null);
    const vkey = (await readFile(join(copy, "vkey"), "utf8")).trim();
    for (const oldCheckpoint of this.checkpoints) {
      const log = await verifyLog(read, vkey, { sha256: nativeSha256, verify: verifyEd25519, oldCheckpoint });
      if (!log.ok) return `an earlier checkpoint does not hold: ${log.code}, ${log.detail}`;
    }
    return this.checkpoints.size === 0 ? "no checkpoint was kept" : null;
  }

  /** Of notes that nobody looks at: nobody's work is touched. One that was not answered is nobody's. */
  private async stops(): Promise<void> {
    for (let n = 1; !this.ended.signal.aborted; n += 1) {
      const requestedAt = nowMs();
      const scope = { type: "resource", value: `https://notes.example/nobody/${String(n)}/**` };
      const body = { kind: "freeze", scope, reason: "availability" };
      try {
        const receipt = await this.world.people.once(
          async (alice) => await alice.json<Omit<KeptReceipt, "requestedAt"> & { state: string }>("/v1/brakes", body),
          PATIENCE_MS,
        );
        const { brake, generation, entryIndex, state } = receipt;
        if (state === "stopped") this.receipts.push({ requestedAt, brake, generation, entryIndex });
      } catch {
        // No receipt was given.
      }
      await delay(STOP_EVERY_MS);
    }
  }

  private async looks(): Promise<void> {
    while (!this.ended.signal.aborted) {
      for (const { data } of this.world.cluster.servers) {
        const checkpoint = await readFile(join(data, "ledger", "checkpoint"), "utf8").catch(() => null);
        if (checkpoint !== null) this.checkpoints.add(checkpoint);
      }
      await delay(LOOK_EVERY_MS);
    }
  }
}
