import { type Effect, graver } from "@countersign/core";
import type { JudgedCommand, JudgedResource, ShellJudgement } from "./judgement.ts";

export const MAX_NODES = 10_000;
export const MAX_DEPTH = 50;

/** What the walk has found so far. */
export class Findings {
  readonly #commands: JudgedCommand[] = [];
  readonly #resources = new Map<string, Effect>();
  #effect: Effect = "read";
  #reason = "nothing that changes anything";
  #nodes = 0;

  /** Counts one node; false when there were too many: the walk goes no further, and the line is not known. */
  step(): boolean {
    this.#nodes += 1;
    if (this.#nodes === MAX_NODES) this.note("unknown", "the line has too many parts");
    return this.#nodes < MAX_NODES;
  }

  note(effect: Effect, reason: string): void {
    if (graver(effect, this.#effect) === this.#effect) return;
    this.#effect = effect;
    this.#reason = reason;
  }

  command(command: JudgedCommand): void {
    this.#commands.push(command);
    this.note(command.effect, command.reason);
  }

  resource({ resource, effect }: JudgedResource): void {
    this.#resources.set(resource, graver(effect, this.#resources.get(resource) ?? "read"));
    this.note(effect, `touches \`${resource}\``);
  }

  judgement(): ShellJudgement {
    const resources = [...this.#resources].map(([resource, effect]) => ({ resource, effect }));
    return { effect: this.#effect, commands: this.#commands, resources, reason: this.#reason };
  }
}
