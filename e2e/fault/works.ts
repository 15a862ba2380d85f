import { setTimeout as delay } from "node:timers/promises";
import type { Work } from "./agents/wire.ts";
import type { Scope } from "./check/history.ts";
import type { Cluster, GatewayNode } from "./cluster/cluster.ts";
import type { People } from "./cluster/people.ts";
import type { Agents } from "./load.ts";
import type { Stopping } from "./stopping.ts";

interface WorksParts {
  readonly cluster: Cluster;
  readonly people: People;
  readonly agents: Agents;
  readonly stopping: Stopping;
}

/** Agents that call at the same time at one gateway. */
const AT_EACH = 2;
const MOST_TRIES = 10;
const PAUSE_MS = 500;

/** The tasks under which agents work. */
export class Works {
  private readonly parts: WorksParts;
  private readonly open = new Map<string, Work>();

  constructor(parts: WorksParts) {
    this.parts = parts;
  }

  async openAll(): Promise<void> {
    for (const gateway of this.parts.cluster.gateways)
      for (let i = 0; i < AT_EACH; i += 1) await this.begin(`${gateway.name}/${String(i)}`, gateway);
  }

  tasksAt(gateway: string): readonly string[] {
    return [...this.open.values()].filter(({ name }) => name.startsWith(`${gateway}/`)).map(({ task }) => task);
  }

  retry(): void {
    this.parts.agents.retry();
  }

  /** New tasks for those that a stop covered: some of them it ended, and others have used up their tries against it. */
  async reopen(scope: Scope): Promise<void> {
    const covered = [...this.open.values()].filter((work) => isCovered(work, scope));
    await Promise.all(
      covered.map(async ({ name }) => {
        const gateway = this.parts.cluster.gateways.find((one) => name.startsWith(`${one.name}/`));
        if (gateway !== undefined) await this.begin(name, gateway);
      }),
    );
  }

  /** Another stop may cover the agent meanwhile, which opens it when it is lifted; or no server may answer, then it is tried again. */
  private async begin(name: string, gateway: GatewayNode): Promise<void> {
    const { people, agents, stopping } = this.parts;
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      try {
        const work = await people.open(name, gateway);
        this.open.set(name, work);
        agents.begin(work);
        return;
      } catch (error) {
        if (String(error).includes("brake.")) {
          if (tries > 1) return;
          await stopping.liftOthers("own").catch(() => undefined);
        } else await delay(PAUSE_MS);
      }
    }
  }
}

function isCovered({ name, agent, task }: Work, { type, value }: Scope): boolean {
  if (type === "agent") return agent === value;
  if (type === "task") return task === value;
  return type !== "resource" || value === notesOf(name.split("/")[0] ?? "");
}

/** All notes of the agents at one gateway. */
export const notesOf = (gateway: string): string => `https://notes.example/${gateway}/**`;
