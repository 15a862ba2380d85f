import { AppError, isJsonObject, type Json, type JsonObject } from "@countersign/core";
import type { Client } from "../client/api.ts";
import { listAt, nameOf, shown } from "../client/fields.ts";

/** An approval that waits for a person. Texts come from agents: `visible()` before a terminal sees them. */
export interface WaitingApproval {
  readonly id: string;
  readonly sentence: string;
  readonly agent: string;
  readonly task: string | null;
}

export interface Look {
  /** Waits since the look before. */
  readonly added: readonly WaitingApproval[];
  /** Waited at the look before, and does not any more. */
  readonly gone: readonly WaitingApproval[];
  readonly waiting: number;
}

/** Looks again and again at what waits for a signature, and says what is new. */
export class WaitingApprovals {
  readonly #client: Client;
  readonly #as: "local" | "session";
  #known: ReadonlyMap<string, WaitingApproval> = new Map();

  constructor(client: Client, as: "local" | "session") {
    this.#client = client;
    this.#as = as;
  }

  /** Null: the control plane could not be asked. Only `task`, if one is given. */
  async look(task?: string): Promise<Look | null> {
    const all = await this.#all();
    if (all === null) return null;
    const waiting = task === undefined ? all : all.filter((one) => one.task === task);
    const added = waiting.filter(({ id }) => !this.#known.has(id));
    const now = new Map(waiting.map((one) => [one.id, one]));
    const gone = [...this.#known.values()].filter(({ id }) => !now.has(id));
    this.#known = now;
    return { added, gone, waiting: waiting.length };
  }

  /** What became of it: `approved`, `denied`, …; null when that cannot be seen. */
  async stateOf({ id }: WaitingApproval): Promise<string | null> {
    try {
      return shown((await this.#client.json({ as: this.#as, path: `/v1/approvals/${id}` }))["state"]);
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }

  async #all(): Promise<readonly WaitingApproval[] | null> {
    try {
      const answer = await this.#client.json({ as: this.#as, path: "/v1/approvals?state=pending" });
      return listAt(answer, "approvals").map((one) => waitingOf(one));
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }
}

function waitingOf(view: JsonObject): WaitingApproval {
  const display = objectOr(view["display"]);
  const task = objectOr(display["task"])["id"];
  return {
    id: shown(view["id"]),
    sentence: shown(display["sentence"]),
    agent: nameOf(display["agent"] ?? undefined),
    task: typeof task === "string" ? task : null,
  };
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
