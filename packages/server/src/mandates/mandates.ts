import type { MandateView } from "@countersign/api";
import {
  AppError,
  type DeviceId,
  type Grant,
  type MandateId,
  type PublicJwk,
  type StateRecord,
  newId,
} from "@countersign/core";
import { verifyKeyProof } from "@countersign/credentials";
import { type Agents, withinScope } from "../agents/index.ts";
import { type Approvals, type Proposed, humanName } from "../approvals/index.ts";
import { type Confirmed, confirmed } from "../confirmations/index.ts";
import { type Kernel, type Published, retried, serverEntries, settingsOf, startChange, versionNow } from "../kernel.ts";
import { type Put, withState } from "../store/index.ts";
import { type MandateDraft, longestDays } from "./create-kind.ts";

type Mandate = StateRecord<"mandate">;
type Session = StateRecord<"session">;

export interface NewMandate {
  readonly agent: string;
  readonly purpose: string;
  readonly grants?: readonly Grant[] | undefined;
  readonly trigger: string;
  readonly tasksPerDay: number;
  readonly expiresAt: string;
  /** Another machine than the one that asks: its key, which proves itself with the agent's name. */
  readonly workload?: { readonly device: DeviceId; readonly name: string; readonly proof: string } | undefined;
}

/** Signed permissions to open tasks while nobody is signed in (design 6): bounded, listed, revoked by one call. */
export class Mandates {
  private readonly kernel: Kernel;
  private readonly modules: { readonly agents: Agents; readonly approvals: Approvals };

  constructor(kernel: Kernel, modules: { readonly agents: Agents; readonly approvals: Approvals }) {
    this.kernel = kernel;
    this.modules = modules;
  }

  /** Proposes a mandate for an agent of the caller; it exists when an administrator has signed it. */
  async create(ask: NewMandate, session: Session): Promise<Proposed & { readonly id: MandateId }> {
    const { kernel } = this;
    const now = kernel.now();
    const owner = session.terms.human;
    const ends = Date.parse(ask.expiresAt);
    if (!(ends > now && ends <= now + longestDays * 86_400_000)) {
      throw new AppError("request.invalid", {
        detail: `a mandate ends within ${String(longestDays)} days; give a time in the future`,
      });
    }
    const agent = await this.modules.agents.find(ask.agent);
    if (agent.terms.owner !== owner)
      throw new AppError("request.forbidden", { detail: "only the owner of an agent asks for its mandates" });
    const id = newId("mdt", now, kernel.random);
    const workload = ask.workload === undefined ? null : await this.provenWorkload(ask);
    const device = workload?.device ?? session.terms.device;
    if (device === null)
      throw new AppError("device.unknown", { detail: "ask from an enrolled device, with `countersign login`" });
    const draft = {
      id,
      terms: {
        agent: agent.id,
        owner,
        device,
        purpose: { ...(await kernel.keys.sealText(owner, ask.purpose)) },
        grants: withinScope(ask.grants, agent.terms.scope),
        trigger: { ...(await kernel.keys.sealText(owner, ask.trigger)) },
        tasksPerDay: ask.tasksPerDay,
        expiresAt: new Date(ends).toISOString(),
        salt: Buffer.from(kernel.random(16)).toString("base64url"),
      },
      workload: workload === null ? null : { name: workload.name, jwk: { ...workload.jwk } },
    } satisfies MandateDraft;
    const proposal = { act: "mandate.create", draft, resource: id, human: owner } as const;
    return { ...(await this.modules.approvals.propose(proposal)), id };
  }

  private async provenWorkload({ workload, agent }: NewMandate): Promise<{
    readonly device: DeviceId;
    readonly name: string;
    readonly jwk: PublicJwk;
  } | null> {
    if (workload === undefined) return null;
    const { publicUrl } = await settingsOf(this.kernel);
    const expected = { purpose: "workload", audience: publicUrl, nonce: agent, now: this.kernel.now() } as const;
    const verified = verifyKeyProof(workload.proof, expected);
    if (!verified.ok) throw new AppError(verified.code, { detail: "the proof of the workload's key was refused" });
    if ((await this.kernel.store.get("device", workload.device)) !== null)
      throw new AppError("request.conflict", { detail: "there is such a device already; make a new workload file" });
    return { device: workload.device, name: workload.name, jwk: verified.jwk };
  }

  /** @throws AppError `request.not_found` */
  async find(id: string): Promise<Mandate> {
    const mandate = await this.kernel.store.get("mandate", id);
    if (mandate === null)
      throw new AppError("request.not_found", { detail: `there is no mandate \`${id.slice(0, 40)}\`` });
    return mandate;
  }

  async list(): Promise<readonly MandateView[]> {
    const found = await this.kernel.store.find("mandate", { limit: 500 });
    return await Promise.all(found.map(async (mandate) => await this.show(mandate)));
  }

  async show({ id, terms, state }: Mandate): Promise<MandateView> {
    const { store, keys, now } = this.kernel;
    const agent = await store.get("agent", terms.agent);
    const device = await store.get("device", terms.device);
    const today = dayOf(now());
    return {
      id,
      agent: { id: terms.agent, name: agent?.terms.name ?? null },
      owner: await humanName(this.kernel, terms.owner),
      device: { id: terms.device, name: device === null ? null : await keys.openText(device.terms.name) },
      purpose: await keys.openText(terms.purpose),
      trigger: await keys.openText(terms.trigger),
      grants: terms.grants,
      tasksPerDay: terms.tasksPerDay,
      openedToday: state.day === today ? state.opened : 0,
      expiresAt: terms.expiresAt,
      status: state.status === "active" && Date.parse(terms.expiresAt) <= now() ? "expired" : state.status,
    };
  }

  /**
   * Tightening: takes hold at once, without a signature. Tasks that it opened end with it. INV-3: resolves when every point has confirmed it;
   * null when it was revoked already.
   */
  async revoke(id: string, by: string): Promise<Confirmed | null> {
    const published = await retried(async () => await this.revokeOnce(id, by));
    return published === null ? null : await confirmed(this.kernel, published);
  }

  private async revokeOnce(id: string, by: string): Promise<Published | null> {
    const { kernel } = this;
    const since = await versionNow(kernel);
    const mandate = await this.find(id);
    if (mandate.state.status !== "active") return null;
    const { agent, owner, device } = mandate.terms;
    const tasks = await kernel.store.find("task", { agent, status: "live" });
    const opened = tasks.filter((task) => task.terms.mandate === mandate.id);
    const puts: Put[] = [
      withState(mandate, { ...mandate.state, status: "revoked" }),
      ...opened.map((task) => withState(task, { ...task.state, status: "ended", cause: "mandate revoked" })),
    ];
    return await startChange(kernel, {
      expect: [mandate, ...opened].map((r) => ({ kind: r.kind, id: r.id, version: r.version })),
      // A task that opened meanwhile would outlive its mandate.
      unchanged: [{ kind: "task", agent, status: "live", since }],
      put: puts,
      entries: serverEntries(kernel, "mandate", {
        chain: { human: owner, device, agent, task: null },
        action: "mandate.revoke",
        resource: mandate.id,
        cause: { by },
        changes: puts,
      }),
    });
  }
}

/** What one more task does to a mandate. @throws AppError `task.no_human` when it opens none */
export function opening(mandate: Mandate, now: number): Put {
  const { terms, state } = mandate;
  if (state.status !== "active") throw nobody("the mandate was revoked; its owner signs a new one");
  if (Date.parse(terms.expiresAt) <= now) throw nobody("the mandate has expired; its owner signs a new one");
  const day = dayOf(now);
  const opened = state.day === day ? state.opened : 0;
  if (opened >= terms.tasksPerDay)
    throw nobody(`the mandate opens ${String(terms.tasksPerDay)} tasks a day, and they are used up until midnight UTC`);
  return withState(mandate, { ...state, day, opened: opened + 1 });
}

const nobody = (detail: string): AppError => new AppError("task.no_human", { detail });
const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);
