import { type BrakeId, type BrakeScope, type Chain, type IntentId, covers } from "@countersign/core";

export type ActionState = "decided" | "recorded" | "sent" | "answered" | "released";
export type Disposition = "not_sent" | "rolled_back" | "withheld" | "unknown";

/** Why a running action must not go on. */
export interface Mark {
  readonly code: "brake.frozen" | "brake.severed";
  readonly brake: BrakeId;
}

/** One action on its way (design 5). Its mark is set once, by a stop, and read in the same tick as every effect. */
export class LiveAction {
  state: ActionState = "decided";
  mark: Mark | null = null;
  intent: IntentId | null = null;
  /** Ends the wait for the upstream; set while an answer is awaited. */
  abandon: ((mark: Mark) => void) | null = null;
  private disposition: Disposition | null = null;
  private waiting: (() => void)[] = [];
  readonly chain: Chain;
  /** All names by which a stop on a resource finds it. */
  readonly names: readonly string[];
  readonly stopped: AbortController = new AbortController();

  constructor(chain: Chain, names: readonly string[]) {
    this.chain = chain;
    this.names = names;
  }

  /** What became of it, once that is certain: what a stop reports. */
  settle(disposition: Disposition | null): void {
    if (this.disposition === null) this.disposition = disposition;
    this.state = "released";
    for (const wake of this.waiting) wake();
    this.waiting = [];
  }

  /** What became of a marked action: at once where nothing can be under way, else when the upstream answered or the time is up. */
  async disposed(timeoutMs: number): Promise<Disposition> {
    if (this.state === "decided" || this.state === "recorded") return "not_sent";
    if (this.state === "answered") return "withheld";
    if (this.state === "sent") {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.disposition ?? "unknown";
  }
}

/** All actions of this point that are between decision and release. */
export class LiveActions {
  private readonly actions = new Set<LiveAction>();

  begin(chain: Chain, names: readonly string[]): LiveAction {
    const action = new LiveAction(chain, names);
    this.actions.add(action);
    return action;
  }

  end(action: LiveAction): void {
    this.actions.delete(action);
  }

  get size(): number {
    return this.actions.size;
  }

  /** Marks everything in scope in one synchronous step and answers what was marked. */
  mark(scope: BrakeScope, mark: Mark): readonly LiveAction[] {
    const marked: LiveAction[] = [];
    for (const action of this.actions) {
      if (action.state === "released" || !covers(scope, action.chain, action.names)) continue;
      action.mark ??= mark;
      action.stopped.abort();
      action.abandon?.(mark);
      marked.push(action);
    }
    return marked;
  }
}
