import { AppError } from "@countersign/core";
import type { PackedCommit, PackedResult } from "./messages.ts";
import type { Committed } from "./store.ts";
import { errorOf, type WorkerLink } from "./worker-link.ts";

/** Commits that may wait; beyond that the store refuses rather than grow without bound. */
const MAX_WAITING = 16_384;
/** Most commits of one group: bounds its time and memory. */
const MAX_GROUP = 1024;

interface Waiting {
  readonly commit: PackedCommit;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: AppError) => void;
}

/** Group commit: while one group is being made durable, the next gathers; all of a group share one sync. */
export class CommitQueue {
  private readonly link: WorkerLink;
  private readonly onGrown: (size: number) => void;
  private waiting: Waiting[] = [];
  /** The work under way; null when nothing waits. */
  private draining: Promise<void> | null = null;

  constructor(link: WorkerLink, onGrown: (size: number) => void) {
    this.link = link;
    this.onGrown = onGrown;
  }

  add(commit: PackedCommit): Promise<Committed> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length >= MAX_WAITING) {
        reject(new AppError("ledger.unavailable", { detail: "too many commits wait for the disk; try again later" }));
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
    let results: readonly PackedResult[];
    try {
      results = await this.link.ask<readonly PackedResult[]>({
        op: "commit",
        commits: group.map(({ commit }) => commit),
      });
    } catch (error) {
      for (const { reject } of group) reject(error as AppError);
      return;
    }
    for (const [i, waiting] of group.entries())
      this.settle(waiting, results[i] ?? ["failed", "ledger.unavailable", "no answer"]);
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
}
