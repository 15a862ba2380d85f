import {
  AppError,
  type ApprovalId,
  type BrakeId,
  type Chain,
  type HeldCall,
  type Json,
  type PointId,
  type TaskId,
} from "@countersign/core";
import type {
  ControlPlane,
  Denial,
  Held,
  Hello,
  HoldRefused,
  HoldRequest,
  Learned,
  Merged,
  RecordRequest,
  Recorded,
  RenewalRequest,
  Snapshot,
  SpoolRun,
} from "../control-plane.ts";
import {
  type TokenIssuer,
  readDenial,
  readHeldCall,
  readHold,
  readLearned,
  readMerged,
  readRecorded,
  readSnapshot,
  readWelcome,
  textOrNull,
} from "./answers.ts";
import { Links, type LinksOptions } from "./links.ts";
import type { Ask, PointLink } from "./point-link.ts";
import { type PointIdentity, readIdentity } from "./take-place.ts";

export interface RemoteControlPlaneOptions extends Omit<LinksOptions, "onPush"> {
  /** Takes in what a server pushed, and what was missed while no link was there. */
  readonly push: (change: Snapshot) => Promise<object>;
  /** Who signs the tokens of tasks; told at each join. */
  readonly onTokens: (tokens: TokenIssuer) => void;
}

const ANSWER_MS = 10_000;
/** Longest wait for all that a point needs that joins, and for a link on which to ask. */
const JOIN_MS = 20_000;
const LINK_MS = 3000;
/** A stop of a task waits for every point, at worst for lease and margin. */
const STOP_MS = 30_000;
const LEAVE_MS = 2000;
/** A task that acts all the time says so once in a while. */
const TOUCH_MS = 1000;
const MOST_TOUCHED = 10_000;

/**
 * The control plane as a point on another machine sees it: one of several servers, over a link that is replaced when it breaks. Calls
 * wait for a link as long as they may; a renewal that a server does not answer is asked of the next.
 */
export class RemoteControlPlane implements ControlPlane {
  private readonly options: RemoteControlPlaneOptions;
  private readonly links: Links;
  private readonly touched = new Map<TaskId, number>();

  constructor(options: RemoteControlPlaneOptions) {
    this.options = options;
    this.links = new Links({
      ...options,
      onPush: async (body) => await options.push(readSnapshot(body)),
    });
  }

  /** Why there is no link now; null while there is one. */
  trouble(): AppError | null {
    return this.links.trouble();
  }

  /** Address of the server that answers now; null while there is none. */
  server(): string | null {
    return this.links.server();
  }

  async join(hello: Hello): Promise<Snapshot> {
    const { tokens, ...snapshot } = await this.links.join(
      async (link) =>
        await this.asked(link, "join", { body: hello, read: readWelcome, timeoutMs: JOIN_MS, urgent: true }),
      LINK_MS,
    );
    this.options.onTokens(tokens);
    return snapshot;
  }

  /** @throws AppError `point.left` also when another server is asked than the one where this point has joined */
  async renew(renewal: RenewalRequest): Promise<Snapshot> {
    const leaseMs = this.options.leaseMs();
    return await this.links.renew(
      async (link) =>
        await this.asked(link, "renew", { body: renewal, read: readSnapshot, timeoutMs: leaseMs * 0.6, urgent: true }),
      leaseMs,
    );
  }

  async learn(point: PointId, task: TaskId): Promise<Learned> {
    return await this.ask("learn", { point, task }, { read: readLearned });
  }

  async forget(point: PointId, tasks: readonly TaskId[]): Promise<void> {
    await this.ask("forget", { point, tasks }, { read: () => undefined });
  }

  /** Another certificate, for the key that the proof shows. */
  async renewIdentity(keyProof: string): Promise<PointIdentity> {
    return await this.ask("renewIdentity", { keyProof }, { read: readIdentity });
  }

  async leave(point: PointId): Promise<void> {
    const { joined } = this.links;
    try {
      await joined?.request("leave", { point }, { timeoutMs: LEAVE_MS, urgent: true });
    } finally {
      this.close();
    }
  }

  /** When the link breaks before the answer came, it is asked again on the next one, as a repeat: the entries are there once. */
  async record(request: RecordRequest): Promise<Recorded> {
    let body: object = request;
    return await this.links.ask(async (link) => {
      const asked = this.asked(link, "record", { body, read: readRecorded, timeoutMs: ANSWER_MS });
      body = { ...request, again: true };
      return await asked;
    }, ANSWER_MS);
  }

  async merge(run: SpoolRun): Promise<Merged> {
    return await this.ask("merge", run, { read: readMerged });
  }

  async hold(request: HoldRequest): Promise<Held | HoldRefused> {
    return await this.ask("hold", request, { read: readHold });
  }

  async denial(approval: ApprovalId, chain: Chain): Promise<Denial | null> {
    return await this.ask("denial", { approval, chain }, { read: readDenial });
  }

  async brakeReason(brake: BrakeId): Promise<string | null> {
    return await this.ask("brakeReason", { brake }, { read: textOrNull });
  }

  async heldCall(approval: ApprovalId, chain: Chain): Promise<HeldCall | null> {
    return await this.ask("heldCall", { approval, chain }, { read: readHeldCall });
  }

  async secret(name: string): Promise<string | null> {
    return await this.ask("secret", { name }, { read: textOrNull });
  }

  async severTask(chain: Chain, brake: BrakeId): Promise<void> {
    await this.ask("severTask", { chain, brake }, { read: () => undefined, timeoutMs: STOP_MS });
  }

  touch(chain: Chain): void {
    const { task } = chain;
    const now = this.options.clock();
    if (task === null || now - (this.touched.get(task) ?? Number.NEGATIVE_INFINITY) < TOUCH_MS) return;
    if (this.touched.size >= MOST_TOUCHED) this.touched.clear();
    this.touched.set(task, now);
    this.ask("touch", { chain }, { read: () => undefined }).catch((error: unknown) =>
      this.options.log.warn({ err: error }, "the control plane did not hear that a task is in use"),
    );
  }

  close(): void {
    this.links.close();
  }

  private async ask<T>(
    call: string,
    body: object,
    { read, timeoutMs = ANSWER_MS }: { readonly read: (answer: Json) => T; readonly timeoutMs?: number },
  ): Promise<T> {
    const link = await this.links.wait(timeoutMs);
    return await this.asked(link, call, { body, read, timeoutMs });
  }

  /** Whatever a server answers in another form than the call has ends its link: it is not the control plane that this point knows. */
  private async asked<T>(link: PointLink, call: string, { body, read, ...ask }: Asked<T>): Promise<T> {
    const answer = await link.request(call, body, ask);
    try {
      return read(answer);
    } catch (error) {
      link.end(error instanceof Error ? error : null);
      throw error;
    }
  }
}

interface Asked<T> extends Ask {
  readonly body: object;
  readonly read: (answer: Json) => T;
}
