import type { Call, IntentId, Refusal } from "@countersign/core";
import type {
  Action,
  Approved,
  Effector,
  Prepared,
  RefusalDetail,
  Releaser,
  UpstreamAnswer,
} from "@countersign/enforce";
import type { GatewayPoint } from "../../mcp/index.ts";
import { type BackendEvent, COPY_DONE, FLUSH, readCommandTag, writeCopyFail } from "../wire/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Asked, Expected, Listener } from "./replies.ts";
import type { ServerSide } from "./server-side.ts";
import { giveUp } from "./give-up.ts";

/** What is written at once for an action; `before` belongs to others and is taken along in front of it. */
export interface Step {
  readonly before: () => { readonly bytes: Buffer; readonly expected: readonly Expected[] };
  readonly bytes: Buffer;
  readonly asked: readonly Asked[];
}
/** What goes to the client as the end of an action. */
export interface Released {
  readonly bytes: readonly Buffer[];
}

/**
 * deciding → running ⇄ copying (the client sends rows), running ⇄ open (a portal waits for its next Execute) → ending (the outcome is
 * recorded) → over. From running, copying and open a stop leads to stopping, ending and over. What is refused goes from deciding to over.
 */
type State = "deciding" | "running" | "copying" | "open" | "stopping" | "ending" | "over";

export interface ActionSides {
  readonly point: Pick<GatewayPoint, "enforce">;
  readonly client: ClientConnection;
  readonly server: ServerSide;
  /** An open portal was stopped while its client asked for nothing. */
  readonly onStopped: () => void;
  /** Rows that are about to go to the client, and what a statement of it has completed. */
  readonly onRows: (count: number) => void;
  readonly onTag: (tag: string) => void;
}
export interface ActionPlan {
  /** `portal` lives on between what is executed of it; `text` is over when the server is ready again. */
  readonly kind: "text" | "portal";
  readonly step: Step;
}

/** What a person has signed is compared before its commit, and here others would be committed with it. */
const NOT_ALONE: Prepared<Released> = {
  ok: false,
  code: "hold.unsupported_here",
  reason: "what a person has approved runs alone: outside of a block, and not behind others in a batch",
};

/** Kept of an answer so that what is short leaves with the record of its outcome, as one. */
const HELD_BYTES = 16 * 1024;
/** May wait for the intent to be durable, or for the client. */
const WAITING_BYTES = 256 * 1024;

/** One action of a session, on its way between client and server. Both sides of {@link Effector} and {@link Releaser}. */
export class StatementAction implements Effector<Released>, Releaser<Released>, Listener {
  refused: { readonly refusal: Refusal; readonly detail: RefusalDetail } | null = null;
  isAnswered = false;
  /** Something of it went to the server. */
  isSent = false;
  hasFailed = false;
  /** Under which its intent is recorded. */
  intent: IntentId | null = null;
  readonly tags: string[] = [];
  readonly #sides: ActionSides;
  readonly #plan: ActionPlan;
  readonly #done = Promise.withResolvers<UpstreamAnswer<Released>>();
  readonly #stepOver: (() => void)[] = [];
  readonly #resting: (() => void)[] = [];
  #state: State = "deciding";
  #left = 0;
  #isSuspended = false;
  /** What runs ends with a Sync, so that the server ends its transaction by itself. */
  #isSynced = false;
  #hasGivenUp = false;
  #isWithinPiece = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #unreleased = 0;
  #onPartial: (partial: unknown) => void = () => undefined;
  #permitted: () => boolean = () => false;
  #ended: Promise<void> = Promise.resolve();

  constructor(sides: ActionSides, plan: ActionPlan) {
    this.#sides = sides;
    this.#plan = plan;
  }

  get state(): State {
    return this.#state;
  }

  /** What it did is decided at the server: its transaction has ended, or a block says when. */
  get isSynced(): boolean {
    return this.#plan.kind === "text" || this.#isSynced || this.#hasGivenUp;
  }

  /** Resolves when it is over and its outcome durable. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  /** Begins; resolves when it is over or waits for the client. Never rejects. */
  async begin(action: Action, effector: Effector<Released> = this): Promise<void> {
    this.#ended = this.#sides.point.enforce(action, effector, this).then(() => {
      this.#state = "over";
      this.#rest();
    });
    await this.resting();
  }

  /** Resolves when it is over, open or wants rows, and everything that it gave so far is on its way to the client. */
  async resting(): Promise<void> {
    while (this.#isBusy()) await new Promise<void>((resolve) => this.#resting.push(resolve));
  }

  /** Resolves when no rows are wanted any more. */
  async leftCopying(): Promise<void> {
    while (this.#state === "copying") await new Promise<void>((resolve) => this.#resting.push(resolve));
  }

  /** Goes on with an open portal. */
  async resume(step: Step): Promise<void> {
    if (this.#state !== "open") return;
    // INV-3: asked in the tick of the write.
    if (this.#permitted()) this.#write(step);
    else this.stop();
    await this.resting();
  }

  /** Ends an open portal: it is closed, or its transaction is over. Resolves when the outcome is durable. */
  async close(): Promise<void> {
    if (this.#state === "open") this.#finish();
    await this.#ended;
  }

  /** Rows of the client for a COPY. Resolves when the server takes more. */
  async copy(bytes: Buffer): Promise<void> {
    if (this.#state !== "copying") return;
    if (!this.#permitted()) return this.stop();
    this.#sides.server.connection.write(bytes);
    await this.#sides.server.connection.drained();
  }

  /** The client has no more rows, or gives up for that reason. */
  endCopy(failure: string | null): void {
    if (this.#state !== "copying") return;
    if (!this.#permitted()) return this.stop();
    this.#state = "running";
    this.#rest();
    const bytes = failure === null ? COPY_DONE : writeCopyFail(failure);
    this.#sides.server.connection.write(this.#plan.kind === "portal" ? Buffer.concat([bytes, FLUSH]) : bytes);
  }

  intended(intent: IntentId): void {
    this.intent = intent;
  }

  prepare(_call: Call, _signal?: AbortSignal, approved?: Approved): Promise<Prepared<Released>> {
    if (approved !== undefined) return Promise.resolve(NOT_ALONE);
    return Promise.resolve({
      ok: true,
      write: (onPartial, permitted) => {
        this.#onPartial = onPartial;
        this.#permitted = permitted;
        this.#write(this.#plan.step);
        return this.#done.promise;
      },
      cancel: () => this.stop(),
    });
  }

  /**
   * INV-3: nothing more of it goes to the client. What runs at the server is cancelled, what is open rolled back, and what became of it is
   * told when the server has confirmed it.
   */
  stop(): void {
    const was = this.#state;
    if (was !== "running" && was !== "copying" && was !== "open") return;
    this.#state = "stopping";
    this.#held = [];
    const { client, server, onStopped } = this.#sides;
    if (was === "open" && this.#resting.length === 0) onStopped();
    this.#rest();
    // Of a row that is half way out nothing can be told to the client any more.
    if (this.#isWithinPiece) client.destroy();
    else client.cutUnread();
    const stepOver = this.#left === 0 ? Promise.resolve() : new Promise<void>((done) => this.#stepOver.push(done));
    giveUp(server, {
      was,
      stepOver,
      isInBatch: () => this.#plan.kind === "portal" && !this.#isSynced,
      hasFailed: () => this.hasFailed,
      tags: this.tags,
    }).then(
      (status) => {
        this.#state = "ending";
        this.#hasGivenUp = true;
        this.#done.resolve({ ok: true, status, value: { bytes: [] }, bytes: null });
      },
      () => server.connection.destroy(),
    );
  }

  /** The connection to the server is lost. */
  lost(): void {
    const reason = "the connection to the server was lost";
    this.#done.resolve({ ok: false, code: "upstream.down", reason });
  }

  event(event: BackendEvent): void {
    if (event.type === "message") this.#note(event);
    if (this.#state === "stopping" || event.type === "malformed") return;
    // What is no longer permitted is not carried on, even where no stop says so: a task or a mandate may just end.
    if (!this.#permitted()) return this.stop();
    const rows = rowsIn(event);
    if (rows > 0) this.#sides.onRows(rows);
    // What is more than it may be has ended the session.
    if (this.#isStopping()) return;
    this.#isWithinPiece = event.type === "piece" && !event.last;
    this.#keep(event.bytes);
    const isUrgent = event.type === "piece" || (event.type === "message" && this.#state === "copying");
    if (isUrgent || this.#heldBytes > HELD_BYTES) this.#release();
  }

  /** What the server says beside the answer: passes with it. */
  aside(bytes: Buffer): void {
    if (this.#state !== "stopping") this.#keep(bytes);
    if (this.#state === "running") this.#release();
  }

  over(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    for (const tell of this.#stepOver.splice(0)) tell();
    if (this.#state === "stopping") return;
    if (this.#isOpenAfterStep()) {
      this.#state = "open";
      this.#release();
      this.#rest();
    } else this.#finish();
  }

  partial(partial: unknown): void {
    const bytes = partial as Buffer;
    this.#sides.client.write(bytes);
    this.#unreleased -= bytes.length;
    this.#pace();
    if (this.#unreleased === 0) this.#rest();
  }

  /** A part that whoever runs it keeps back counts as taken in. */
  kept(sizeBytes: number): void {
    this.#unreleased -= sizeBytes;
    this.#pace();
  }

  answer({ bytes }: Released): void {
    this.isAnswered = true;
    for (const part of bytes) this.#sides.client.write(part);
  }

  refusal(refusal: Refusal, detail: RefusalDetail): void {
    this.refused = { refusal, detail };
  }

  #isStopping(): boolean {
    return this.#state === "stopping";
  }

  #isBusy(): boolean {
    if (this.#state === "over") return false;
    return (this.#state !== "open" && this.#state !== "copying") || this.#unreleased > 0;
  }

  #write({ before, bytes, asked }: Step): void {
    this.#state = "running";
    this.isSent = true;
    this.#isSuspended = false;
    this.#isSynced = asked.at(-1) === "sync";
    this.#left = asked.length;
    if (asked.length === 0) return this.#finish();
    const own = asked.map((one): Expected => ({ asked: one, listener: this }));
    const first = before();
    this.#sides.server.send(Buffer.concat([first.bytes, bytes]), [...first.expected, ...own]);
  }

  #note({ code, body }: Extract<BackendEvent, { type: "message" }>): void {
    switch (String.fromCharCode(code)) {
      case "C":
        this.tags.push(readCommandTag(body) ?? "");
        this.#sides.onTag(this.tags.at(-1) ?? "");
        break;
      case "I":
        this.tags.push("");
        break;
      case "E":
        this.hasFailed = true;
        break;
      case "s":
        this.#isSuspended = true;
        break;
      case "G":
        this.#dropSync();
        if (this.#state === "running") this.#state = "copying";
        this.#rest();
        break;
      default:
    }
  }

  /** A portal that was not run to its end waits for more, unless the transaction that it lived in is over. */
  #isOpenAfterStep(): boolean {
    if (this.#plan.kind === "text" || this.hasFailed) return false;
    if (this.#isSynced && this.#sides.server.status !== "T") return false;
    return this.#isSuspended || this.tags.length === 0;
  }

  /** The server passes over a Sync that came before the rows of a COPY. */
  #dropSync(): void {
    if (!this.#isSynced || !this.#sides.server.dropSync()) return;
    this.#isSynced = false;
    this.#left -= 1;
  }

  #finish(): void {
    this.#state = "ending";
    this.#rest();
    const bytes = this.#held;
    this.#held = [];
    this.#done.resolve({ ok: true, status: this.hasFailed ? "error" : "ok", value: { bytes }, bytes: null });
  }

  #keep(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #release(): void {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    if (bytes === undefined || bytes.length === 0) return;
    this.#unreleased += bytes.length;
    this.#onPartial(bytes);
    this.#pace();
  }

  /** Nothing is read from the server that its client does not take in. */
  #pace(): void {
    const { client, server } = this.#sides;
    if (this.#state === "stopping") return;
    if (client.isBehind) {
      server.connection.pause();
      client.onceDrained(() => this.#pace());
    } else if (this.#unreleased > WAITING_BYTES) server.connection.pause();
    else server.connection.resume();
  }

  #rest(): void {
    for (const wake of this.#resting.splice(0)) wake();
  }
}

function rowsIn(event: BackendEvent): number {
  if (event.type === "rows") return event.count;
  return event.type === "piece" && event.last ? 1 : 0;
}
