import { exportPrivateJwk } from "@countersign/credentials";
import { Person } from "../../support/person.ts";
import { Workstation } from "../../support/workstation.ts";
import type { Work } from "../agents/wire.ts";
import type { GatewayNode } from "./cluster.ts";

const PATIENCE_MS = 3000;

/** The human, the device and the agents of a fault run, who ask whichever server answers. */
export class People {
  private readonly apis: readonly string[];
  private readonly alice: Person;
  private readonly laptop: Workstation;
  /** Ids of the agents, by the name of the gateway at which each works. */
  readonly agents: Map<string, string> = new Map();
  private turn = 0;

  private constructor(apis: readonly string[], setupUrl: string) {
    this.apis = apis;
    this.alice = new Person(new URL(setupUrl).origin);
    this.laptop = new Workstation(new URL(setupUrl).origin);
  }

  static async create(apis: readonly string[], setupUrl: string, gateways: readonly GatewayNode[]): Promise<People> {
    const people = new People(apis, setupUrl);
    const alice = people.alice.at(apis[0] ?? "");
    await alice.register(setupUrl, "Alice Example");
    people.alice.cookie = alice.cookie;
    people.alice.humanId = alice.humanId;
    people.laptop.server = apis[0] ?? "";
    await people.laptop.signIn(alice);
    for (const { name } of gateways) {
      const created = await alice.json<{ id: string; approvalId: string }>("/v1/agents", {
        name,
        owner: "me",
        purpose: "look at notes and write them",
        grants: [{ action: "mcp:notes/*", resource: "**" }],
        expiresAt: new Date(Date.now() + 30 * 86_400_000).toISOString(),
      });
      await alice.answer(created.approvalId);
      people.agents.set(name, created.id);
    }
    return people;
  }

  get human(): string {
    return this.alice.humanId;
  }

  get device(): string {
    return this.laptop.device;
  }

  /** Asks one server. @throws Error when it refuses, or does not answer in time */
  async once<T>(question: (alice: Person) => Promise<T>, patienceMs: number = PATIENCE_MS): Promise<T> {
    this.turn += 1;
    return await within(patienceMs, question(this.alice.at(this.apis[this.turn % this.apis.length] ?? "")));
  }

  /** Asks one server after the other until one answers. @throws Error of the last one */
  async ask<T>(question: (alice: Person) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.once(question);
      } catch (error) {
        if (tries >= this.apis.length) throw error;
      }
    }
  }

  /** What the device says of itself: it is believed for a few minutes. */
  async report(): Promise<void> {
    const body = { evidence: this.laptop.evidence() };
    await this.ask(async (alice) => {
      const { status } = await alice.fetch(`/v1/devices/${this.device}/posture`, { body });
      if (status !== 204) throw new Error(`the report of the device was refused: ${String(status)}`);
    });
  }

  /** A task of the agent that works at a gateway, and a credential for it. */
  async open(name: string, gateway: GatewayNode): Promise<Work> {
    const agent = this.agents.get(gateway.name) ?? "";
    for (let tries = 1; ; tries += 1) {
      this.laptop.server = this.apis[(this.turn += 1) % this.apis.length] ?? "";
      try {
        const { id, key, accessToken } = await within(
          PATIENCE_MS,
          this.laptop.openTask(agent, { gateway: gateway.name, ttlSeconds: 3600 }),
        );
        const { human, device } = this;
        const { url } = gateway;
        return { name, human, device, agent, task: id, gateway: url, accessToken, key: exportPrivateJwk(key) as never };
      } catch (error) {
        if (tries >= this.apis.length) throw error;
      }
    }
  }
}

/** @throws Error when it takes longer */
export async function within<T>(ms: number, awaited: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${String(ms)} ms`)), ms);
  try {
    return await Promise.race([awaited, promise]);
  } finally {
    clearTimeout(timer);
    awaited.catch(() => undefined);
  }
}
