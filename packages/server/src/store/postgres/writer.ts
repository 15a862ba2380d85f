import { AppError } from "@countersign/core";
import { BrakesInForce } from "../brakes-in-force.ts";
import type { PackedCommit, PackedResult } from "../packed.ts";
import { faultOf } from "./fault.ts";
import type { ForeignCommits } from "./foreign-commits.ts";
import { Group, groupLength } from "./group.ts";
import { type HeadRow, LOCK_HEAD, readStart, writes } from "./group-sql.ts";
import { MIGRATIONS } from "./migrations.ts";
import type { Primary } from "./primary.ts";
import type { Limits, Session } from "./session.ts";

/** Below the time after which the queue of commits calls the database stalled. */
const LIMITS: Limits = { answerMs: 9000, statementMs: 8000 };
const BRAKES = "SELECT body FROM records WHERE kind = 'brake' AND status IS DISTINCT FROM 'thawed' ORDER BY seq";
const NEVER = -1;

/** What happened to a transaction: its rows were refused (nothing is written), or everything else, of which the outcome may be unknown. */
type Tried = readonly PackedResult[] | { readonly refused: readonly PackedResult[] };

/**
 * Applies groups of commits, one transaction each, over one connection. Two flights a group: lock and read, then write and commit. The row
 * `head` is locked from the first to the end, so that numbers are given in the order of the commits, whichever process makes them.
 */
export class Writer {
  private readonly primary: Primary;
  private readonly foreign: ForeignCommits;
  private session: Session | null = null;
  private brakes = new BrakesInForce();
  /** Version of the change of a brake that {@link brakes} knows last. */
  private brakesAt = NEVER;

  constructor(primary: Primary, foreign: ForeignCommits) {
    this.primary = primary;
    this.foreign = foreign;
  }

  /** Each commit of the group is durable as a whole, or refused and without a trace, or (`failed`) unknown. Never throws. */
  async commit(commits: readonly PackedCommit[]): Promise<readonly PackedResult[]> {
    const results: PackedResult[] = [];
    while (results.length < commits.length) {
      const rest = commits.slice(results.length);
      results.push(...(await this.commitTogether(rest.slice(0, groupLength(rest)))));
    }
    return results;
  }

  async close(): Promise<void> {
    await this.session?.close();
  }

  private async commitTogether(commits: readonly PackedCommit[]): Promise<readonly PackedResult[]> {
    const tried = await this.try(commits);
    if (!("refused" in tried)) return tried;
    if (commits.length === 1) return tried.refused;
    // One commit whose rows were refused must not take the others with it.
    const results: PackedResult[] = [];
    for (const commit of commits) results.push(...(await this.commitTogether([commit])));
    return results;
  }

  private async try(commits: readonly PackedCommit[]): Promise<Tried> {
    try {
      const session = await this.opened();
      return await this.transaction(session, commits);
    } catch (error) {
      const { code, detail, refused, duplicate } = faultOf(error);
      // What this transaction put is not there, or nobody knows.
      this.brakesAt = NEVER;
      if (refused) return { refused: [duplicate ? ["conflict"] : ["failed", code, detail]] };
      this.session?.destroy();
      this.session = null;
      this.primary.lost();
      return commits.map(() => ["failed", code, detail] as const);
    }
  }

  private async opened(): Promise<Session> {
    if (this.session?.isOpen !== true) this.session = await this.primary.open(LIMITS);
    return this.session;
  }

  private async transaction(session: Session, commits: readonly PackedCommit[]): Promise<readonly PackedResult[]> {
    const { warnings } = session;
    const [, [head], read] = await together([
      session.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
      session.rows<HeadRow>(LOCK_HEAD),
      readStart(session, commits),
    ]);
    if (head === undefined)
      throw new AppError("data.damaged", { detail: "the database has no `head`; restore it from a copy" });
    this.checkHead(head);
    if (head.brakes !== this.brakesAt) await this.loadBrakes(session);
    const group = new Group({ ...read, version: head.version, size: head.size }, this.brakes);
    const results = commits.map((commit) => group.apply(commit));
    await this.finish(session, group, {
      head,
      warnings,
      hasWrites: results.some(([status]) => status === "ok"),
    });
    this.brakesAt = group.brakesChanged ?? head.brakes;
    this.foreign.advance(group);
    return results;
  }

  private async finish(
    session: Session,
    group: Group,
    { head, warnings, hasWrites }: { readonly head: HeadRow; readonly warnings: number; readonly hasWrites: boolean },
  ): Promise<void> {
    if (!hasWrites) {
      await session.run("ROLLBACK");
      return;
    }
    const answers = [...writes(group, head).map(([text, values]) => session.run(text, values)), session.run("COMMIT")];
    // Entries alone move no state: for those a look from time to time is soon enough.
    if (group.version !== head.version) this.foreign.tell(session);
    const last = (await together(answers)).at(-1);
    // After a failed statement a commit is answered as a rollback.
    if (last?.command !== "COMMIT")
      throw new AppError("ledger.unavailable", { detail: "the database rolled a commit back" });
    // INV-2: with a warning it is not known whether the standby has what was committed.
    if (session.warnings !== warnings)
      throw new AppError("ledger.unavailable", {
        detail: "the database warned during a commit: its standby may not have it",
      });
  }

  private checkHead(head: HeadRow): void {
    if (head.needs > MIGRATIONS.length)
      throw new AppError("ledger.unavailable", {
        detail: "the database was brought to a newer schema meanwhile; start the newer version",
      });
    // INV-7: after a failover to a standby that did not have everything.
    if (head.size < this.foreign.acknowledged)
      throw new AppError("data.damaged", {
        detail: `the database has ${String(head.size)} entries where ${String(this.foreign.acknowledged)} were durable: it lost some`,
      });
    this.foreign.observe(head);
  }

  private async loadBrakes(session: Session): Promise<void> {
    const brakes = new BrakesInForce();
    for (const { body } of await session.rows<{ readonly body: string }>(BRAKES)) brakes.apply(body);
    this.brakes = brakes;
  }
}

/** All answers of one flight; when one fails, the first failure, after all have come. */
async function together<T extends readonly Promise<unknown>[]>(
  asked: readonly [...T],
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  const answers = await Promise.allSettled(asked);
  const failed = answers.find((answer): answer is PromiseRejectedResult => answer.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return answers.map((answer) => (answer as PromiseFulfilledResult<unknown>).value) as never;
}
