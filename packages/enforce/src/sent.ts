import type { Call } from "@countersign/core";
import type { UpstreamAnswer } from "./action.ts";
import { type Flow, decideNow } from "./flow.ts";
import type { IntentRecord } from "./intent-record.ts";

/** How long an upstream that was told to stop is listened to (design 7). */
const STOPPED_WAIT_MS = 1000;
/** Partials that may wait for the intent to become durable. */
const MOST_EARLY = 1000;

/** What lies between the write and the answer. Partials wait until the intent is durable (INV-6) and stop at a mark. */
export class Sent<A> {
  private durable: boolean | null = null;
  private readonly early: unknown[] = [];
  private readonly flow: Flow<A>;
  private readonly call: Call;
  private readonly record: IntentRecord<A>;

  constructor(flow: Flow<A>, call: Call, record: IntentRecord<A>) {
    this.flow = flow;
    this.call = call;
    this.record = record;
  }

  private async flush(): Promise<void> {
    this.durable = (await this.record.durable()) === null;
    for (const partial of this.early.splice(0)) this.partial(partial);
  }

  partial(partial: unknown): void {
    if (this.durable === null) {
      if (this.early.length === 0) this.flush().catch((error: unknown) => this.lost(error));
      if (this.early.length < MOST_EARLY) this.early.push(partial);
      return;
    }
    if (this.durable && this.flow.live.state !== "released" && decideNow(this.flow, this.call).result === "permit") {
      this.flow.releaser.partial(partial);
    }
  }

  /** Whether more may go upstream for this action. INV-3: asked in the tick of the write. */
  permitted(): boolean {
    return this.flow.live.state === "sent" && decideNow(this.flow, this.call).result === "permit";
  }

  private lost(error: unknown): void {
    this.flow.point.log.error({ err: error }, "early parts of an answer not sent");
  }

  /** The answer, or null when a stop or the client ended the wait. */
  async answered(
    answer: Promise<UpstreamAnswer<A>>,
    cancel: (reason: string) => void,
  ): Promise<UpstreamAnswer<A> | null> {
    const { live, action } = this.flow;
    const stop = new Promise<null>((resolve) => {
      const end = (reason: string, waitMs: number): void => {
        cancel(reason);
        setTimeout(() => resolve(null), waitMs).unref();
      };
      live.abandon = (): void => end("stopped", STOPPED_WAIT_MS);
      if (live.mark !== null) live.abandon();
      const gone = (): void => end("the client cancelled", 0);
      if (action.signal.aborted) gone();
      else action.signal.addEventListener("abort", gone, { once: true });
    });
    const first = await Promise.race([answer, stop]);
    live.abandon = null;
    return first;
  }
}
