import type { AgentView, Paged } from "@countersign/api";
import {
  AppError,
  type AgentId,
  type Chain,
  type Grant,
  type HumanId,
  type StateRecord,
  covers,
  newId,
  grantOf,
} from "@countersign/core";
import { lastAction } from "../activity/index.ts";
import { type Approvals, type Proposed, humanName } from "../approvals/index.ts";
import { type Confirmed, confirmed } from "../confirmations/index.ts";
import { type Kernel, type Published, retried, serverEntries, startChange, versionNow } from "../kernel.ts";
import { type ListQuery, listed } from "../listing.ts";
import { type RecordFilter, withState } from "../store/index.ts";

const LONGEST_DAYS = 366;
type Agent = StateRecord<"agent">;

export interface AgentPage extends Paged {
  readonly agents: readonly AgentView[];
}

export interface NewAgent {
  readonly name: string;
  readonly owner: HumanId;
  readonly purpose: string;
  readonly grants: readonly Grant[];
  readonly expiresAt: string;
}

/** Registered agents: each has one accountable human, a purpose, a scope and an end. */
export class Agents {
  private readonly kernel: Kernel;
  private readonly approvals: Approvals;

  constructor(kernel: Kernel, approvals: Approvals) {
    this.kernel = kernel;
    this.approvals = approvals;
  }

  /** Proposes an agent; it exists when an administrator has signed it. */
  async create(ask: NewAgent): Promise<Proposed & { readonly id: AgentId }> {
    const { kernel } = this;
    await this.assertNew(ask);
    const id = newId("agt", kernel.now(), kernel.random);
    const purpose = await kernel.keys.sealText(ask.owner, ask.purpose);
    const grants = ask.grants.map(grantOf);
    const salt = Buffer.from(kernel.random(16)).toString("base64url");
    const draft = {
      id,
      name: ask.name,
      owner: ask.owner,
      purpose: { ...purpose },
      scope: grants,
      expiresAt: ask.expiresAt,
      salt,
    };
    return { ...(await this.approvals.propose({ act: "agent.create", draft, resource: id, human: ask.owner })), id };
  }

  private async assertNew(ask: NewAgent): Promise<void> {
    const now = this.kernel.now();
    const ends = Date.parse(ask.expiresAt);
    if (!(ends > now && ends <= now + LONGEST_DAYS * 86_400_000)) {
      throw new AppError("request.invalid", {
        detail: `an agent ends within ${String(LONGEST_DAYS)} days; give a time in the future`,
      });
    }
    const owner = await this.kernel.store.get("human", ask.owner);
    if (owner?.state.status !== "active")
      throw new AppError("request.invalid", { detail: `the owner \`${ask.owner}\` is not an active human` });
    if ((await this.byName(ask.name)) !== null)
      throw new AppError("request.conflict", { detail: `there is an agent \`${ask.name}\` already` });
  }

  private async byName(name: string): Promise<Agent | null> {
    const found = await this.kernel.store.find("agent", { key: name });
    return found.findLast((a) => a.state.status !== "retired") ?? null;
  }

  /** @throws AppError `request.not_found` */
  async find(idOrName: string): Promise<Agent> {
    const found = (await this.kernel.store.get("agent", idOrName)) ?? (await this.byName(idOrName));
    if (found === null)
      throw new AppError("request.not_found", { detail: `there is no agent \`${idOrName.slice(0, 64)}\`` });
    return found;
  }

  async list(query: ListQuery, where: Pick<RecordFilter, "status" | "owner">): Promise<AgentPage> {
    const { records, next } = await listed(this.kernel, "agent", { where, query });
    const brakes = await this.kernel.store.find("brake", { status: "active" });
    return { agents: await Promise.all(records.map(async (agent) => await this.show(agent, brakes))), next };
  }

  async show({ id, terms, state }: Agent, brakes?: readonly StateRecord<"brake">[]): Promise<AgentView> {
    const { kernel } = this;
    const chain: Chain = { human: terms.owner, device: null, agent: id, task: null };
    const active = brakes ?? (await kernel.store.find("brake", { status: "active" }));
    const [owner, purpose, liveTasks, last] = await Promise.all([
      humanName(kernel, terms.owner),
      kernel.keys.openText(terms.purpose),
      kernel.store.count("task", { agent: id, status: "live" }),
      lastAction(kernel.store, { agent: id }),
    ]);
    return {
      id,
      name: terms.name,
      owner,
      purpose,
      grants: terms.scope,
      expiresAt: terms.expiresAt,
      status: state.status,
      executables: state.executables,
      liveTasks,
      last,
      brakes: active.filter((brake) => covers(brake.terms.scope, chain, null)).map((brake) => brake.id),
    };
  }

  /** Tightening: takes hold at once, without a signature. Its tasks end with it. INV-3: resolves when every point has confirmed it. */
  async stop(idOrName: string, status: "suspended" | "retired", by: string): Promise<Confirmed> {
    return await confirmed(this.kernel, await retried(async () => await this.stopOnce(idOrName, status, by)));
  }

  private async stopOnce(idOrName: string, status: "suspended" | "retired", by: string): Promise<Published> {
    const since = await versionNow(this.kernel);
    const agent = await this.find(idOrName);
    const tasks = await this.kernel.store.find("task", { agent: agent.id, status: "live" });
    const ended = tasks.map((task) => withState(task, { ...task.state, status: "ended", cause: `agent ${status}` }));
    // INV-10: no mandate outlives its agent; one whose agent is only suspended opens nothing meanwhile.
    const mandates =
      status === "retired" ? await this.kernel.store.find("mandate", { agent: agent.id, status: "active" }) : [];
    const revoked = mandates.map((mandate) => withState(mandate, { ...mandate.state, status: "revoked" }));
    const puts = [withState(agent, { ...agent.state, status }), ...ended, ...revoked];
    return await startChange(this.kernel, {
      expect: [agent, ...tasks, ...mandates].map((r) => ({ kind: r.kind, id: r.id, version: r.version })),
      // INV-8: a task that opened meanwhile would outlive its agent.
      unchanged: [{ kind: "task", agent: agent.id, status: "live", since }],
      put: puts,
      entries: serverEntries(this.kernel, "identity", {
        action: `agent.${status}`,
        resource: agent.id,
        cause: { by },
        changes: puts,
      }),
    });
  }

  /** Proposes another owner for an agent whose owner has left. @throws AppError `request.conflict` */
  async reassign(idOrName: string, owner: HumanId): Promise<Proposed> {
    const agent = await this.find(idOrName);
    if (agent.state.status !== "owner_lost")
      throw new AppError("request.conflict", {
        detail: `the agent is ${agent.state.status}; only one without an owner is given to another`,
      });
    if ((await this.kernel.store.get("human", owner))?.state.status !== "active")
      throw new AppError("request.invalid", { detail: `the owner \`${owner}\` is not an active human` });
    return await this.approvals.propose({
      act: "agent.reassign",
      draft: { id: agent.id, owner },
      resource: agent.id,
      human: owner,
    });
  }

  async reinstate(idOrName: string): Promise<Proposed> {
    const agent = await this.find(idOrName);
    if (agent.state.status !== "suspended")
      throw new AppError("request.conflict", { detail: `the agent is ${agent.state.status}` });
    return await this.approvals.propose({
      act: "agent.reinstate",
      draft: { id: agent.id },
      resource: agent.id,
      human: agent.terms.owner,
    });
  }
}
