import { AppError } from "@countersign/core";
import { LIMITS, type LogWriter, type NoteSigner, signCheckpoint, type TileFile, tilePath } from "@countersign/ledger";
import type { LedgerStore } from "../store/index.ts";
import type { LogDirectory } from "./log-directory.ts";
import { lastSigned, type SignedCheckpoint } from "./signed-checkpoint.ts";

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

/** A tree, and the files that it has beyond those of the tree that it grew from. */
interface Grown {
  readonly writer: LogWriter;
  readonly files: TileFile[];
}

/**
 * Integrates new entries, signs a checkpoint, stores it in the database over the one that it continues, and only then publishes it: a crash
 * at any point can't make the log sign two trees that do not continue each other (INV-7). Of several servers one signs; the others take the
 * stored checkpoint, compare its root with that of their own tree, and publish it.
 */
export class Publisher {
  private readonly parts: PublisherParts;
  private writer: LogWriter;
  private signed: SignedCheckpoint;
  private shown: SignedCheckpoint;
  private unwritten: TileFile[];
  private running: Promise<void> = Promise.resolve();
  private damage: AppError | null = null;

  constructor(parts: PublisherParts) {
    this.parts = parts;
    this.writer = parts.writer;
    this.signed = parts.signed;
    this.shown = parts.published;
    this.unwritten = [...parts.unwritten];
  }

  /** What readers see. */
  get published(): SignedCheckpoint {
    return this.shown;
  }

  /** `ledger.damaged`: what is stored does not continue what was published here. Nothing is published any more. */
  get damaged(): AppError | null {
    return this.damage;
  }

  /**
   * Publishes every entry that is durable now. One run at a time. Throws what the disk or the store throws: call it again later; or
   * `ledger.damaged`, for good.
   */
  publish(): Promise<void> {
    this.running = this.running.catch(() => undefined).then(async () => await this.guarded());
    return this.running;
  }

  private async guarded(): Promise<void> {
    if (this.damage !== null) throw this.damage;
    try {
      await this.catchUp(this.parts.store.journal.size());
    } catch (error) {
      if (error instanceof AppError && error.code === "ledger.damaged") this.damage = error;
      throw error;
    }
  }

  private async catchUp(size: number): Promise<void> {
    await this.writeOut();
    await this.follow(null);
    while (this.signed.note === "" || this.signed.size < size) {
      const grown = await this.integrate(Math.min(size, this.signed.size + STEP), null);
      if (!(await this.sign(grown))) await this.follow(grown);
      await this.writeOut();
    }
  }

  /** Grows `from`, else a copy of the signed tree: it is ours only when a signature says so. */
  private async integrate(size: number, from: Grown | null): Promise<Grown> {
    const { journal } = this.parts.store;
    const { writer, files } = from ?? { writer: this.writer.fork(), files: [] };
    while (writer.size < size) {
      const leaves = await journal.leaves(writer.size, Math.min(CHUNK, size - writer.size));
      if (leaves.length === 0) throw damaged(`entry ${String(writer.size)} is missing from the journal`);
      for (const leaf of leaves) files.push(...writer.add(leaf));
    }
    return { writer, files };
  }

  /** False when another server has stored a checkpoint meanwhile. */
  private async sign(grown: Grown): Promise<boolean> {
    const { store, signer } = this.parts;
    const { writer } = grown;
    const checkpoint = { origin: signer.key.name, size: writer.size, root: writer.root() };
    const note = signCheckpoint(checkpoint, signer);
    const expected = this.signed.note === "" ? null : this.signed.note;
    if (!(await store.journal.replaceCheckpoint(expected, note))) return false;
    this.accept(grown, { ...checkpoint, note });
    return true;
  }

  /** INV-7: takes over the stored checkpoint, if it is the root of our own tree at its size. `grown`: what was integrated already. */
  private async follow(grown: Grown | null): Promise<void> {
    const { store, signer } = this.parts;
    if (((await store.journal.checkpoint()) ?? "") === this.signed.note) return;
    const stored = await lastSigned(store, signer.key);
    if (stored.size < this.signed.size)
      throw damaged(`a checkpoint of ${sizeOf(stored)} is stored over the one of ${sizeOf(this.signed)}`);
    let own = grown !== null && grown.writer.size <= stored.size ? grown : null;
    do {
      own = await this.integrate(Math.min(stored.size, (own?.writer.size ?? this.signed.size) + STEP), own);
      // Full tiles never change again, so they may be written before the checkpoint that covers them.
      if (own.writer.size < stored.size) await this.write(own.files);
    } while (own.writer.size < stored.size);
    if (Buffer.compare(own.writer.root(), stored.root) !== 0)
      throw damaged(`the stored checkpoint of ${sizeOf(stored)} has another root than the journal here`);
    this.accept(own, stored);
    await this.writeOut();
  }

  private accept({ writer, files }: Grown, signed: SignedCheckpoint): void {
    this.writer = writer;
    this.signed = signed;
    this.unwritten.push(...files, ...writer.partials());
  }

  /** Tiles first, the checkpoint that needs them last. */
  private async writeOut(): Promise<void> {
    await this.write(this.unwritten);
    if (this.shown.note === this.signed.note) return;
    await this.parts.directory.write("checkpoint", Buffer.from(this.signed.note));
    this.shown = this.signed;
  }

  private async write(files: TileFile[]): Promise<void> {
    const { directory } = this.parts;
    for (let file = files[0]; file !== undefined; file = files[0]) {
      await directory.write(file.path, file.bytes);
      // The full tile answers for every smaller one (c2sp.org/tlog-tiles).
      if (file.tile.width === LIMITS.tileWidth) await directory.drop(`${tilePath(file.tile)}.p`);
      files.shift();
    }
  }
}

function sizeOf({ size }: SignedCheckpoint): string {
  return `${String(size)} entries`;
}

function damaged(what: string): AppError {
  return new AppError("ledger.damaged", {
    detail: `${what}; keep this data directory and the database, and compare them with an export that you hold`,
  });
}
