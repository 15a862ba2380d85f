import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey } from "@countersign/credentials";
import { type Entry, type LedgerStore, openStore } from "../../store/index.ts";
import { type Ledger, openLedger } from "../ledger.ts";
import { logKey } from "../log-key.ts";

/** A data directory with a store and a ledger over it, for tests. */
export class LedgerFixture {
  readonly path: string = mkdtempSync(join(tmpdir(), "countersign-ledger-"));
  readonly key: ReturnType<typeof logKey> = logKey(generateSigningKey("Ed25519"));
  readonly warnings: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  publicUrl = "http://localhost:7330";
  private readonly entry: () => Entry;
  private opened: LedgerStore | null = null;
  private running: Ledger | null = null;

  /** `entry` makes one more entry, with an id of its own. */
  constructor(entry: () => Entry) {
    this.entry = entry;
  }

  get store(): LedgerStore {
    if (this.opened === null) throw new Error("not open");
    return this.opened;
  }

  get ledger(): Ledger {
    if (this.running === null) throw new Error("not open");
    return this.running;
  }

  async open(): Promise<void> {
    this.opened = await openStore({ path: this.path, clock: () => 1_800_000_000_000 });
    this.running = await openLedger({
      onDamage: (error) => {
        throw error;
      },
      store: this.opened,
      path: this.path,
      key: this.key,
      publicUrl: this.publicUrl,
      intervalMs: 5,
      warn: (message, fields) => this.warnings.push({ message, fields }),
    });
  }

  /** Ends as `up` does; `crash` leaves out what an orderly end would still publish. */
  async close({ crash = false }: { readonly crash?: boolean } = {}): Promise<void> {
    if (!crash) await this.running?.close();
    await this.opened?.close();
    this.opened = null;
    this.running = null;
  }

  /** Adds `count` entries in one group. */
  async add(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.store.commit({ entries: [this.entry()] })));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
