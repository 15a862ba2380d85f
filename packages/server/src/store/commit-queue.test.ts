import { describe, expect, it } from "vitest";
import { CommitQueue } from "./commit-queue.ts";
import type { PackedCommit, PackedResult } from "./packed.ts";

const commit: PackedCommit = [null, null, null, null, [], null];
const done: PackedResult = ["ok", 1, 0];

/** A disk whose groups are answered when the test says so. */
class Disk {
  readonly sizes: number[] = [];
  private readonly answers: (() => void)[] = [];
  private arrived = Promise.withResolvers<void>();

  readonly send = (commits: readonly PackedCommit[]): Promise<readonly PackedResult[]> => {
    const answered = Promise.withResolvers<readonly PackedResult[]>();
    this.sizes.push(commits.length);
    this.answers.push(() => answered.resolve(commits.map(() => done)));
    this.arrived.resolve();
    this.arrived = Promise.withResolvers();
    return answered.promise;
  };

  /** Waits until that many groups were sent. */
  async reached(groups: number): Promise<void> {
    while (this.answers.length < groups) await this.arrived.promise;
  }

  async answer(index: number): Promise<void> {
    await this.reached(index + 1);
    this.answers[index]?.();
  }
}

describe("CommitQueue", () => {
  it("sends what waits in one group while another is under way", async () => {
    const disk = new Disk();
    const queue = new CommitQueue(disk.send, () => undefined);
    const first = [queue.add(commit), queue.add(commit)];
    await disk.reached(1);
    const second = Array.from({ length: 1500 }, () => queue.add(commit));
    for (const index of [0, 1, 2]) await disk.answer(index);
    await Promise.all([...first, ...second]);
    expect(disk.sizes).toEqual([2, 1024, 476]);
    await queue.idle();
  });

  it("refuses what waits on a disk that stands still, and goes on when it answers", async () => {
    const disk = new Disk();
    const queue = new CommitQueue(disk.send, () => undefined, { stallMs: 1 });
    await expect(queue.add(commit)).rejects.toMatchObject({ code: "ledger.unavailable" });
    await expect(queue.add(commit)).rejects.toMatchObject({ code: "ledger.unavailable" });
    expect(disk.sizes).toEqual([1]);
    await disk.answer(0);
    await queue.idle();
    const next = queue.add(commit).catch(() => null);
    await disk.answer(1);
    await next;
    expect(disk.sizes).toEqual([1, 1]);
  });

  it("refuses rather than let more than a bounded number wait", async () => {
    const disk = new Disk();
    const queue = new CommitQueue(disk.send, () => undefined);
    const added = Array.from({ length: 16_384 }, () => queue.add(commit));
    await expect(queue.add(commit)).rejects.toMatchObject({ code: "ledger.unavailable" });
    for (let index = 0; index < 16; index += 1) await disk.answer(index);
    expect((await Promise.all(added)).every(({ ok }) => ok)).toBe(true);
  });
});
