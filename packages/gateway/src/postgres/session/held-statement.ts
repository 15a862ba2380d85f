import type { Call, Preview } from "@countersign/core";
import type { Approved, Effector, Note, Prepared, UpstreamAnswer } from "@countersign/enforce";
import {
  type ApprovedEnd,
  type OwnSession,
  type Ran,
  type StatementSession,
  type Texts,
  runApproved,
} from "../preview/index.ts";
import { type ErrorFields, SYNC, writeError, writeReady } from "../wire/index.ts";
import type { ServerSide } from "./server-side.ts";
import type { Released, StatementAction } from "./statement-action.ts";

/** What a statement outside of a block needs beyond its own run, should it be held. */
export interface HeldParts {
  readonly server: ServerSide;
  /** The session's own connection. */
  readonly inside: Texts;
  /** Opens another session as the role of the task. */
  readonly open: () => Promise<OwnSession>;
  readonly session: () => Promise<StatementSession>;
  readonly preview: (call: Call, signal: AbortSignal) => Promise<Preview | null>;
  /** Counts the rows that it changes before they are committed; null: there is no ceiling. */
  readonly ceiling: ((rows: number) => string | null) | null;
  /** What was counted was rolled back. */
  readonly undone: () => void;
  /** Whether the client expects to hear that the server is ready, after what is run. */
  readonly endsWithReady: boolean;
}

type Write = Extract<Prepared<Released>, { ok: true }>["write"];
/** Rows of an approved statement are withheld until it has committed; of more than this it is rolled back. */
const WITHHELD_BYTES = 128 * 1024;
const READY_BYTES = 6;

/**
 * A statement as the effector of an action that may be held: looked at before a human is, and once approved committed only as it was signed. With a
 * ceiling on what it changes it is committed only within that. */
export function heldStatement(inner: StatementAction, parts: HeldParts): Effector<Released> {
  return {
    preview: async (call, signal) => await parts.preview(call, signal),
    prepare: async (call, signal, approved) => {
      const prepared = await inner.prepare(call);
      if (!prepared.ok || (approved === undefined && parts.ceiling === null)) return prepared;
      return {
        ...prepared,
        write: async (_, permitted, note) =>
          await new ApprovedStatement(inner, parts, { write: prepared.write, call, signal, approved }).run(
            permitted,
            note,
          ),
        cancel: (reason) => {
          prepared.cancel(reason);
          parts.server.connection.cancel().catch(() => undefined);
        },
      };
    },
  };
}

interface Asked {
  readonly write: Write;
  readonly call: Call;
  readonly signal: AbortSignal;
  readonly approved: Approved | undefined;
}

class ApprovedStatement {
  readonly #inner: StatementAction;
  readonly #parts: HeldParts;
  readonly #asked: Asked;
  readonly #withheld: Buffer[] = [];
  #withheldBytes = 0;

  constructor(inner: StatementAction, parts: HeldParts, asked: Asked) {
    this.#inner = inner;
    this.#parts = parts;
    this.#asked = asked;
  }

  async run(permitted: () => boolean, note: Note): Promise<UpstreamAnswer<Released>> {
    const { inside, open, session, preview, ceiling, undone } = this.#parts;
    const { call, signal, approved } = this.#asked;
    const ended = await runApproved<readonly Buffer[]>({
      inside,
      open,
      session: await session(),
      run: async () => await this.#statement(permitted, note),
      signed: approved?.preview ?? null,
      ceiling: ceiling ?? (() => null),
      anew: async () => (await preview(call, signal)) ?? { kind: "unknown", reason: "it could not be looked at again" },
      note,
      permitted,
    });
    if (ended.end !== "committed" && ended.end !== "unknown") undone();
    return this.#answerTo(ended);
  }

  async #statement(permitted: () => boolean, note: Note): Promise<Ran<readonly Buffer[]>> {
    // INV-3: asked in the tick of the write.
    if (!permitted()) throw new Error("it was stopped");
    const answering = this.#asked.write((partial) => this.#withhold(partial as Buffer), permitted, note);
    // What waits for its client to go on would wait in vain: nothing is told to it before the commit.
    await Promise.race([answering, this.#inner.resting()]);
    const isOpen = this.#inner.state === "open";
    if (isOpen) this.#inner.close().catch(() => undefined);
    const answer = await answering;
    if (isOpen) throw Object.assign(new Error("an approved statement is executed in one piece"), { code: "0A000" });
    if (!answer.ok) throw new Error(answer.reason);
    // After an error in a batch the server passes over everything up to a Sync.
    if (this.#inner.hasFailed && !this.#inner.isSynced) await this.#parts.server.ask(SYNC, ["sync"]);
    const value = [...this.#withheld, ...answer.value.bytes];
    return { ok: answer.status === "ok" && this.#withheldBytes <= WITHHELD_BYTES, value };
  }

  #withhold(bytes: Buffer): void {
    this.#withheldBytes += bytes.length;
    if (this.#withheldBytes <= WITHHELD_BYTES) this.#withheld.push(bytes);
    this.#inner.kept(bytes.length);
  }

  #answerTo(ended: ApprovedEnd<readonly Buffer[]>): UpstreamAnswer<Released> {
    switch (ended.end) {
      case "committed":
        return { ok: true, status: "ok", value: { bytes: this.#ready(ended.value) }, bytes: null };
      case "changed":
        return { ok: false, code: "countersignature.void", reason: CHANGED, preview: ended.preview };
      case "exceeded":
        return this.#rolledBack({ sqlState: "54000", message: `${ended.reason}: nothing was done` });
      case "stopped":
        return this.#rolledBack({ sqlState: "40000", message: "it was stopped before its end: nothing was done" });
      case "failed":
        return this.#failed(ended);
      case "unknown":
        return {
          ok: false,
          code: "upstream.down",
          reason: "whether it was committed is not known; look before you try again",
        };
      default:
        return ended satisfies never;
    }
  }

  #failed({ value, error }: Extract<ApprovedEnd<readonly Buffer[]>, { end: "failed" }>): UpstreamAnswer<Released> {
    if (this.#withheldBytes > WITHHELD_BYTES)
      return this.#rolledBack({
        sqlState: "54000",
        message: "an approved statement answers with more rows than can be withheld until its commit: nothing was done",
      });
    if (value !== null) return { ok: true, status: "error", value: { bytes: this.#ready(value) }, bytes: null };
    const { code, message = "" } = (error ?? {}) as { code?: string; message?: string };
    return this.#rolledBack({ sqlState: code ?? "40000", message: `nothing was done: ${message}` });
  }

  #rolledBack(error: Pick<ErrorFields, "sqlState" | "message">): UpstreamAnswer<Released> {
    const said = writeError({ severity: "ERROR", ...error });
    const bytes = this.#parts.endsWithReady ? [said, writeReady("I")] : [said];
    return { ok: true, status: "rolled_back", value: { bytes }, bytes: null };
  }

  /** What the server said of its state was within the transaction around the statement. */
  #ready(bytes: readonly Buffer[]): readonly Buffer[] {
    if (!this.#parts.endsWithReady) return bytes;
    const all = Buffer.concat(bytes);
    return [all.subarray(0, all.length - READY_BYTES), writeReady("I")];
  }
}

const CHANGED = "what it would do now is not what was signed: nothing was done, and it is held again";
