import { AppError } from "@countersign/core";
import { LIMITS, type LogWriter, type NoteSigner, signCheckpoint, type TileFile, tilePath } from "@countersign/ledger";
import type { LedgerStore } from "../store/index.ts";
import type { LogDirectory } from "./log-directory.ts";
import type { SignedCheckpoint } from "./signed-checkpoint.ts";

/** Entries that one checkpoint adds at most: bounds memory when there is much to catch up with. */
const STEP = 8192;
/** Entries that are read at once. */
const CHUNK = 1024;

export interface PublisherParts {
  readonly store: LedgerStore;
  readonly directory: LogDirectory;
  readonly signer: NoteSigner;
  /** The log as of the signed checkpoint. */
  readonly writer: LogWriter;
  readonly signed: SignedCheckpoint;
  readonly published: SignedCheckpoint;
  /** Files of the signed checkpoint that are not on the disk yet. */
  readonly unwritten: readonly TileFile[];
}

/**
 * Integrates new entries, signs a checkpoint, stores it in the database, and only then publishes it: a crash at any point, or a
 * second process over the same database, can't make the log sign two trees that do not continue each other (INV-7).
 */
export class Publisher {
  private readonly parts: PublisherParts;
  private signed: SignedCheckpoint;
  private shown: SignedCheckpoint;
  private unwritten: TileFile[];
  private running: Promise<void> = Promise.resolve();

  constructor(parts: PublisherParts) {
    this.parts = parts;
    this.signed = parts.signed;
    this.shown = parts.published;
    this.unwritten = [...parts.unwritten];
  }

  /** What readers see. */
  get published(): SignedCheckpoint {
    return this.shown;
  }

  /** Publishes every entry that is durable now. One run at a time. Throws what the disk or the store throws; call it again later. */
  publish(): Promise<void> {
    this.running = this.running.catch(() => undefined).then(() => this.catchUp(this.parts.store.journal.size()));
    return this.running;
  }

  private async catchUp(size: number): Promise<void> {
    await this.writeOut();
    while (this.signed.note === "" || this.signed.size < size) {
      await this.integrate(Math.min(size, this.signed.size + STEP));
      await this.sign();
      await this.writeOut();
    }
  }

  private async integrate(size: number): Promise<void> {
    const { writer, store } = this.parts;
    while (writer.size < size) {
      const leaves = await store.journal.leaves(writer.size, Math.min(CHUNK, size - writer.size));
      if (leaves.length === 0)
        throw new AppError("ledger.damaged", { detail: `entry ${String(writer.size)} is missing from the journal` });
      // Full tiles never change again, so they may be written before the checkpoint that covers them.
      for (const leaf of leaves) this.unwritten.push(...writer.add(leaf));
    }
  }

  private async sign(): Promise<void> {
    const { writer, store, signer } = this.parts;
    const checkpoint = { origin: signer.key.name, size: writer.size, root: writer.root() };
    const note = signCheckpoint(checkpoint, signer);
    const expected = this.signed.note === "" ? null : this.signed.note;
    if (!(await store.journal.replaceCheckpoint(expected, note))) {
      throw new AppError("ledger.unavailable", {
        detail: "another process has signed a checkpoint of this ledger; stop it",
      });
    }
    this.signed = { ...checkpoint, note };
    this.unwritten.push(...writer.partials());
  }

  /** Tiles first, the checkpoint that needs them last. */
  private async writeOut(): Promise<void> {
    const { directory } = this.parts;
    for (let file = this.unwritten[0]; file !== undefined; file = this.unwritten[0]) {
      await directory.write(file.path, file.bytes);
      // The full tile answers for every smaller one (c2sp.org/tlog-tiles).
      if (file.tile.width === LIMITS.tileWidth) await directory.drop(`${tilePath(file.tile)}.p`);
      this.unwritten.shift();
    }
    if (this.shown.note === this.signed.note) return;
    await directory.write("checkpoint", Buffer.from(this.signed.note));
    this.shown = this.signed;
  }
}
