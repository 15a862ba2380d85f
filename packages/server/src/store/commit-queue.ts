import { AppError } from "@countersign/core";
import { errorOf, type PackedCommit, type PackedResult } from "./packed.ts";
import type { Committed } from "./store.ts";

/** Commits that may wait; beyond that the store refuses rather than grow without bound. */
const MAX_WAITING = 16_384;
/** Most commits of one group: bounds its time and memory. */
const MAX_GROUP = 1024;
/** How long the disk may take. INV-2: after that the answer is no, though the commit may become durable later. */
const STALL_MS = 10_000;

/** Makes a group durable, in order. */
export type SendGroup = (commits: readonly PackedCommit[]) => Promise<readonly PackedResult[]>;

interface Waiting {
  readonly commit: PackedCommit;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: AppError) => void;
}

interface QueueOptions {
  /** How long a group may take. */
  readonly stallMs?: number;
  /** What is said when it takes longer. */
  readonly slow?: string;
}

/** Group commit: while one group is being made durable, the next gathers; all of a group share one sync. */
export class CommitQueue {
  private readonly sendGroup: SendGroup;
  private readonly onGrown: (size: number) => void;
  private readonly stallMs: number;
  private readonly slow: string;
  private stalled = false;
  private waiting: Waiting[] = [];
  /** The work under way; null when nothing waits. */
  private draining: Promise<void> | null = null;

  constructor(
    sendGroup: SendGroup,
    onGrown: (size: number) => void,
    { stallMs = STALL_MS, slow = "the disk of the data directory does not keep up; look at it" }: QueueOptions = {},
  ) {
    this.sendGroup = sendGroup;
    this.onGrown = onGrown;
    this.stallMs = stallMs;
    this.slow = slow;
  }

  add(commit: PackedCommit): Promise<Committed> {
    return new Promise((resolve, reject) => {
      if (this.stalled || this.waiting.length >= MAX_WAITING) {
        reject(this.tooSlow());
        return;
      }
      this.waiting.push({ commit, resolve, reject });
      this.draining ??= this.drain();
    });
  }

  /** Resolves when everything added so far was answered. */
  async idle(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    // What the same tick still adds goes into the same group.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.waiting.length > MAX_GROUP ? this.waiting.splice(0, MAX_GROUP) : this.waiting;
      if (group === this.waiting) this.waiting = [];
      await this.send(group);
    }
    this.draining = null;
  }

  private async send(group: readonly Waiting[]): Promise<void> {
    const stall = setTimeout(() => this.stall(group), this.stallMs);
    let results: readonly PackedResult[];
    try {
      results = await this.sendGroup(group.map(({ commit }) => commit));
    } catch (error) {
      for (const { reject } of group) reject(error as AppError);
      return;
    } finally {
      clearTimeout(stall);
      this.stalled = false;
    }
    for (const [i, waiting] of group.entries())
      this.settle(waiting, results[i] ?? ["failed", "ledger.unavailable", "no answer"]);
  }

  /** Refuses everything until the group under way is answered: what is refused here was not sent and leaves no trace. */
  private stall(group: readonly Waiting[]): void {
    this.stalled = true;
    for (const { reject } of [...group, ...this.waiting.splice(0)]) reject(this.tooSlow());
  }

  private settle({ commit: [, , , , entries], resolve, reject }: Waiting, result: PackedResult): void {
    switch (result[0]) {
      case "ok": {
        const [, version, first] = result;
        const indexes = entries.map((_, i) => first + i);
        this.onGrown(first + indexes.length);
        resolve({ ok: true, version, indexes });
        return;
      }
      case "conflict":
        resolve({ ok: false, code: "conflict" });
        return;
      case "braked":
        resolve({ ok: false, code: "braked", brake: result[1], kind: result[2] });
        return;
      case "failed":
        reject(errorOf({ code: result[1], detail: result[2] }));
        return;
      default:
        result[0] satisfies never;
    }
  }

  private tooSlow(): AppError {
    return new AppError("ledger.unavailable", { detail: this.slow });
  }
}
