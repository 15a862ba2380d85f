import {
  type AnyRecord,
  type Chain,
  type Decision,
  type IntentId,
  type TaskId,
  covers,
  denied,
} from "@countersign/core";
import { type Ending, concernedBy, endingOf } from "./ending.ts";

export type ActionState = "decided" | "recorded" | "sent" | "answered" | "released";
export type Disposition = "not_sent" | "rolled_back" | "withheld" | "unknown";

/** One action on its way (design 5). Its mark is set once, by a stop, and read in the same tick as every effect. */
export class LiveAction {
  state: ActionState = "decided";
  /** Why it must not go on: a deny. */
  mark: Decision | null = null;
  intent: IntentId | null = null;
  /** Decides it anew on the state of this tick; null while it is no call that can be decided. */
  decide: (() => Decision) | null = null;
  /** Ends the wait for the upstream; set while an answer is awaited. */
  abandon: (() => void) | null = null;
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

/** What outlives its action, so that a stop has to reach it too: a transaction that is open between two statements. */
export interface Kept {
  readonly chain: Chain;
  readonly names: readonly string[];
  /** The last action of it. */
  readonly intent: IntentId;
  /** Takes it back, and tells what became of it. Called once, in the tick of the stop. Never rejects. */
  readonly undo: (decision: Decision) => Promise<Disposition>;
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

  /** Keeps something in reach of stops, until what is answered is called. */
  keep({ chain, names, intent, undo }: Kept): () => void {
    const action = this.begin(chain, names);
    action.state = "sent";
    action.intent = intent;
    action.abandon = () => {
      action.abandon = null;
      const decision = action.mark;
      if (decision !== null)
        undo(decision).then(
          (what) => action.settle(what),
          () => action.settle("unknown"),
        );
    };
    return () => this.end(action);
  }

  get size(): number {
    return this.actions.size;
  }

  /** Marks what these changes end, in one synchronous step, and answers all that they cover; for the first reason in the order of a decision. */
  stop(records: readonly AnyRecord[]): readonly LiveAction[] {
    if (this.actions.size === 0) return [];
    const endings = new Endings(records);
    const ended: LiveAction[] = [];
    for (const action of this.actions) {
      const decision = action.state === "released" ? null : endings.of(action);
      if (decision === null) continue;
      mark(action, decision);
      ended.push(action);
    }
    return ended;
  }

  /** Tasks for which something is under way. */
  tasks(): ReadonlySet<TaskId> {
    const tasks = new Set<TaskId>();
    for (const { chain } of this.actions) if (chain.task !== null) tasks.add(chain.task);
    return tasks;
  }

  /** Marks everything: nothing more of it is sent or released. */
  stopAll(decision: Decision): void {
    for (const action of this.actions) if (action.state !== "released") mark(action, decision);
  }

  /** Decides anew what these changes concern, in one synchronous step; marks and answers what is not permitted any more. */
  decideAgain(records: readonly AnyRecord[]): readonly LiveAction[] {
    if (this.actions.size === 0) return [];
    const isConcerned = concernedBy(records);
    const ended: LiveAction[] = [];
    for (const action of this.actions) {
      if (action.state === "released" || action.mark !== null || action.decide === null) continue;
      if (!isConcerned(action.chain)) continue;
      const decision = action.decide();
      // What waits for a human, or is about to ask one, sends nothing before it is decided again.
      if (decision.result === "permit" || (decision.result === "hold" && action.state === "decided")) continue;
      mark(action, decision.result === "deny" ? decision : nowHeld(decision));
      ended.push(action);
    }
    return ended;
  }
}

/** What several changes end together; off-boarding ends ten thousand agents at once. */
class Endings {
  private readonly stops: readonly Ending[];
  private readonly links = new Map<string, Decision>();

  constructor(records: readonly AnyRecord[]) {
    this.stops = records.filter(({ kind }) => kind === "brake").flatMap((brake) => endingOf(brake) ?? []);
    for (const record of records) {
      const ending = record.kind === "brake" ? null : endingOf(record);
      if (ending !== null) this.links.set(`${ending.scope.type} ${ending.scope.value}`, ending.decision);
    }
  }

  of({ chain, names }: LiveAction): Decision | null {
    const stop = this.stops.find(({ scope }) => covers(scope, chain, names));
    if (stop !== undefined) return stop.decision;
    const { human, device, agent, task } = chain;
    const links = Object.entries({ owner: human, device, agent, task }).map(([type, id]) => `${type} ${String(id)}`);
    const dead = links.find((link) => this.links.has(link));
    return dead === undefined ? null : (this.links.get(dead) ?? null);
  }
}

function mark(action: LiveAction, decision: Decision): void {
  action.mark ??= decision;
  action.stopped.abort();
  action.abandon?.();
}

/** Nobody can sign for what was sent already. */
function nowHeld({ policyIds, policySetHash }: Decision): Decision {
  const reason = "what is in force now asks for a signature; make the call again";
  return { ...denied("countersignature", "countersignature.required", reason), policyIds, policySetHash };
}
