import { type Call, type Preview, canonicalBytes, databaseResource } from "@countersign/core";
import { type Claims, type Effector, type Releaser, TokenBucket } from "@countersign/enforce";
import type { GatewayPoint } from "../../mcp/index.ts";
import type { StatementFacts, Verdict } from "../judge/verdict.ts";
import type { OwnSession, Statement } from "./connection.ts";
import { type Touched, countStatement } from "./counted.ts";
import { previewStatement } from "./preview.ts";
import type { StatementSession } from "./transaction.ts";

/** A statement that is about to be held. */
export interface HeldStatement {
  readonly claims: Extract<Claims, { ok: true }>;
  readonly call: Call;
  readonly verdict: Verdict;
  readonly statement: Statement;
  readonly session: StatementSession;
  /** Opens a session as the role of the task. */
  readonly open: () => Promise<OwnSession>;
}

export interface PreviewsParts {
  readonly point: Pick<GatewayPoint, "enforce" | "now">;
  /** Monotonic, in ms. */
  readonly monotonicMs: () => number;
}

/** Previews of one task: so many at once, so many a second after that. */
const BURST = 5;
const PER_SECOND = 0.2;
const MOST_TASKS = 10_000;

const unknown = (reason: string): Preview => ({ kind: "unknown", reason });

/** Says what held statements would do. Each preview is an action of its own, with its own grant: `sql:<db>/preview`. */
export class Previews {
  readonly #parts: PreviewsParts;
  readonly #busy = new Set<string>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(parts: PreviewsParts) {
    this.#parts = parts;
  }

  /** What a statement would do; null: it only reads. Never rejects. */
  async preview(held: HeldStatement, signal: AbortSignal): Promise<Preview | null> {
    if (held.verdict.effect === "read") return null;
    const work = workOf(held.verdict);
    if (typeof work === "string") return unknown(work);
    const task = held.claims.chain.task ?? "";
    if (this.#busy.has(task)) return unknown("another statement of this task is being looked at");
    if (!this.#bucket(task).take(this.#parts.point.now())) return unknown("the task asks too often");
    this.#busy.add(task);
    try {
      return await this.#enforced(held, work, signal);
    } finally {
      this.#busy.delete(task);
    }
  }

  async #enforced(held: HeldStatement, work: Work, signal: AbortSignal): Promise<Preview> {
    let found: Preview = unknown("it was stopped");
    const calledOff = new AbortController();
    const both = AbortSignal.any([signal, calledOff.signal]);
    const effector: Effector<Preview> = {
      prepare: async () =>
        await Promise.resolve({
          ok: true,
          write: async () => {
            const value = await this.#run(held, work, both);
            const status = value.kind === "unknown" ? "error" : "ok";
            return { ok: true, status, value, bytes: canonicalBytes(value) };
          },
          cancel: () => calledOff.abort(),
        }),
    };
    const releaser: Releaser<Preview> = {
      partial: () => undefined,
      answer: (value) => (found = value),
      refusal: ({ code }) => (found = unknown(`the task may not have it looked at (${code})`)),
    };
    const { claims, call } = held;
    await this.#parts.point.enforce(
      { claims, call: previewCall(call), signal, waitMs: 0, unheld: true },
      effector,
      releaser,
    );
    return found;
  }

  async #run({ statement, session, open }: HeldStatement, work: Work, signal: AbortSignal): Promise<Preview> {
    if (work.touched !== null) return await countStatement({ touched: work.touched, session, open, signal });
    return await previewStatement({ statement, session, open, signal, now: this.#parts.monotonicMs });
  }

  #bucket(task: string): TokenBucket {
    const known = this.#buckets.get(task) ?? new TokenBucket(BURST, PER_SECOND);
    this.#buckets.delete(task);
    this.#buckets.set(task, known);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_TASKS && oldest !== undefined) this.#buckets.delete(oldest);
    return known;
  }
}

/**
 * What is critical, or reaches every row, is always held, and what is held here would be nobody's question: the relations stand among the
 * arguments alone, and nothing is done to any row.
 */
function previewCall({ upstream, method, arguments: args }: Call): Call {
  const { unqualified: reachesAll, ...rest } = args;
  return {
    upstream,
    method,
    tool: "preview",
    toolDefinitionHash: null,
    action: `sql:${upstream}/preview`,
    resource: databaseResource(upstream),
    effect: "read",
    arguments: reachesAll === undefined ? args : rest,
  };
}

interface Work {
  /** What is counted; null: the statement is run on trial. */
  readonly touched: readonly Touched[] | null;
}

/** How a statement is looked at, or why it is not. */
function workOf({ verdict, reason, statements }: Verdict): Work | string {
  const [statement, another] = statements;
  if (statement === undefined || another !== undefined) return "it is not one statement";
  if (statement.previewable) return { touched: null };
  const touched = touchedBy(statement);
  if (touched.length > 0) return { touched };
  const why = statement.notPreviewable ?? (verdict === "unknown" ? reason : null);
  return (why ?? "it cannot be run on trial").slice(0, 250);
}

const COUNTED: Readonly<Record<string, Touched["operation"]>> = {
  truncate: "truncate",
  drop: "drop",
  alter: "change",
  create: "change",
};

function touchedBy({ kind, relations }: StatementFacts): readonly Touched[] {
  // What writes rows otherwise, and is not run, is not told by counting.
  if (!/^(Truncate|Drop|Alter|Rename|Create|Index)/.test(kind)) return [];
  const found = new Map<string, Touched>();
  for (const { relation, operation } of relations) {
    const counted = COUNTED[operation];
    if (counted !== undefined) found.set(relation, { relation, operation: counted });
  }
  return [...found.values()];
}
