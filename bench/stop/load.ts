import type { Call, Chain, UpstreamTerms } from "@countersign/core";
import type { Action, Effector, EnforcementPoint, Releaser } from "@countersign/enforce";

/** The task whose agent acts, and the key that holds its credential. */
export interface LoadTask {
  readonly chain: Chain;
  readonly jkt: string;
}

const ANSWER = Buffer.from('{"content":[{"type":"text","text":"hello"}]}');

/** One agent that reads all the time at each of some points. What the upstream sees is timed by the clock that all processes share. */
export class Load {
  private readonly points: readonly EnforcementPoint[];
  private readonly task: LoadTask;
  private resource: string;
  private running = true;
  private loops: readonly Promise<void>[] = [];
  private actions = 0;
  /** When the upstream saw the last action on the present resource, in ms of the machine's monotonic clock. */
  private last: number | null = null;

  constructor(points: readonly EnforcementPoint[], task: LoadTask, resource: string) {
    this.points = points.map(patient);
    this.task = task;
    this.resource = resource;
  }

  /** Resolves when every point has carried out one action. */
  async begin(): Promise<void> {
    const first = this.points.map(async (point) => {
      const { task } = this.task.chain;
      if (task === null || !(await point.learn(task))) throw new Error("the task is not known at the point");
      const code = await this.act(point);
      if (code !== null) throw new Error(`the action was refused (${code})`);
    });
    await Promise.all(first);
    this.loops = this.points.map(async (point) => await this.loop(point));
  }

  /** From now on they act on another resource. Answers when the upstream saw the last action on the former one. */
  moveTo(resource: string): number | null {
    const { last } = this;
    this.resource = resource;
    this.last = null;
    return last;
  }

  async end(): Promise<number> {
    this.running = false;
    await Promise.all(this.loops);
    return this.actions;
  }

  private async loop(point: EnforcementPoint): Promise<void> {
    while (this.running) {
      await this.act(point);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private async act(point: EnforcementPoint): Promise<string | null> {
    const { resource } = this;
    let code: string | null = "nothing";
    const releaser: Releaser<null> = {
      partial: () => undefined,
      answer: () => {
        code = null;
      },
      refusal: (refusal) => {
        code = `${refusal.code}: ${refusal.reason}`;
      },
    };
    const upstream = effectOf(() => {
      if (resource === this.resource) this.last = monotonicMs();
    });
    await point.enforce(actionOf(point, this.task, resource), upstream, releaser);
    this.actions += 1;
    return code;
  }
}

/** The same point, except that it does not sever the task of an agent that runs into one stop after the other. */
function patient(point: EnforcementPoint): EnforcementPoint {
  const none = { get: () => undefined, set: () => undefined, delete: () => false };
  return Object.create(point, { brakeTries: { value: none } }) as EnforcementPoint;
}

/** A call of the task's agent on a resource. */
export function actionOf(point: EnforcementPoint, { chain, jkt }: LoadTask, resource: string): Action {
  const claims = { ok: true, chain, jkt, agentProof: "declared" } as Action["claims"];
  return { claims, call: callOf(point, resource), signal: new AbortController().signal };
}

/** An upstream that answers at once, and tells when it was asked. */
export function effectOf(seen: () => void): Effector<null> {
  return {
    prepare: async () =>
      await Promise.resolve({
        ok: true,
        write: async () => {
          seen();
          return await Promise.resolve({ ok: true, status: "ok", value: null, bytes: ANSWER });
        },
        cancel: () => undefined,
      }),
  };
}

function callOf({ replica }: EnforcementPoint, resource: string): Call {
  return {
    upstream: "echo",
    method: "tools/call",
    tool: "echo",
    toolDefinitionHash: pinOf(replica.get("upstream", "echo")?.terms),
    action: "mcp:echo/echo",
    resource,
    effect: "read",
    arguments: { text: resource },
  };
}

/** The same clock in every process of the machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

function pinOf(terms: UpstreamTerms | undefined): string | null {
  return terms?.kind === "mcp" ? (terms.pins?.["echo"] ?? null) : null;
}
