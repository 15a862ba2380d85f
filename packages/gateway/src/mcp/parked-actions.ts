import type { Clock, Random, TaskId } from "@countersign/core";
import type { ParkedConversation } from "./parked-conversation.ts";
import { type StateOwner, readState, signState } from "./request-state.ts";

/** One action that may wait for its client. */
export interface Parkable extends StateOwner {
  /** The same for the same request; what comes back must be what went. */
  readonly request: string;
}

export interface ParkLimits {
  readonly parkMs: number;
  readonly parkedPerTask: number;
}

interface Parked extends Parkable {
  readonly conversation: ParkedConversation;
}

/** Actions whose clients were asked something and are to come back. What a client holds of them is signed, its task's alone, and ends. */
export class ParkedActions {
  readonly #limits: ParkLimits;
  readonly #random: Random;
  readonly #now: Clock;
  readonly #key: Uint8Array;
  readonly #parked = new Map<string, Parked>();

  constructor(limits: ParkLimits, random: Random, now: Clock) {
    this.#limits = limits;
    this.#random = random;
    this.#now = now;
    this.#key = random(32);
  }

  /** A place for an action; null when the task has too many. The place is free again with `leave`. */
  enter(action: Parkable, conversation: ParkedConversation): string | null {
    const ofTask = [...this.#parked.values()].filter(({ task }) => task === action.task);
    if (ofTask.length >= this.#limits.parkedPerTask) return null;
    const park = Buffer.from(this.#random(16)).toString("hex");
    this.#parked.set(park, { ...action, conversation });
    return park;
  }

  leave(park: string): void {
    this.#parked.delete(park);
  }

  /** Leaves the place a while longer: its client has not heard yet how the action ended. */
  leaveLater(park: string): void {
    setTimeout(() => this.leave(park), this.#limits.parkMs).unref();
  }

  state(park: string, round: number, owner: StateOwner): string {
    return signState({ park, round, expiresAt: this.#now() + this.#limits.parkMs }, owner, this.#key);
  }

  /** The conversation that a state stands for: of that task and request, and of this very round. Null: there is none, or it was taken up. */
  find(state: string, { task, upstream, request }: Parkable): ParkedConversation | null {
    const read = readState(state, { task, upstream }, { key: this.#key, now: this.#now() });
    const parked = read === null ? undefined : this.#parked.get(read.park);
    if (read === null || parked?.task !== task || parked.request !== request) return null;
    return parked.conversation.round === read.round ? parked.conversation : null;
  }

  endTask(task: TaskId): void {
    for (const [park, parked] of this.#parked) if (parked.task === task) this.#parked.delete(park);
  }

  get size(): number {
    return this.#parked.size;
  }
}
