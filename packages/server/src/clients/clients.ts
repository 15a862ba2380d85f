import { AppError, type Grant, type HumanId, type Json, type StateRecord, newId } from "@countersign/core";
import { type ClientAgent, agentForClient } from "../agents/index.ts";
import type { Approvals, BuiltChange, ChangeKind, Proposed } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import { type DeviceRequest, type SessionDraft, type Sessions, sessionOpenKind } from "../people/index.ts";
import { type NewUpstream, type UpstreamDraft, sealSecrets, upstreamForClient } from "../upstreams/index.ts";

type Human = StateRecord<"human">;

/** What somebody asks for so that a client of theirs goes through the gateway. */
export interface ConnectRequest {
  /** The client's id and its name for people: `codex`, `Codex CLI`. */
  readonly client: string;
  readonly label: string;
  /** The machine, when nobody is signed in on it. */
  readonly session: DeviceRequest | null;
  readonly upstreams: readonly (NewUpstream & { readonly pins: Readonly<Record<string, string>> })[];
  readonly agent: {
    readonly name: string;
    readonly purpose: string;
    readonly grants: readonly Grant[];
    readonly expiresAt: string;
  };
}

/** What waits for one signature: a machine with its session, the upstreams of a client and its agent. */
interface ConnectDraft {
  readonly label: string;
  /** Who asked, and so whose agent it will be; null: nobody is signed in there, and whoever signs is. */
  readonly owner: HumanId | null;
  readonly session: SessionDraft | null;
  readonly upstreams: readonly UpstreamDraft[];
  readonly agent: ClientAgent;
}

const MOST_BYTES = 262_144;
const LONGEST_MS = 366 * 86_400_000;

/** Clients are connected by one signature over everything that they need (INV-12). */
export class Clients {
  private readonly kernel: Kernel;
  private readonly modules: { readonly approvals: Approvals; readonly sessions: Sessions };

  constructor(kernel: Kernel, modules: Clients["modules"]) {
    this.kernel = kernel;
    this.modules = modules;
  }

  /**
   * Proposes what a client lacks; null when the caller has all of it. Nothing of it is in force, started or called before it is signed.
   * @throws AppError when it could not be signed as it is: a name that is taken, a device that is not healthy, too much at once
   */
  async connect(
    ask: ConnectRequest,
    caller: Human | null,
  ): Promise<
    (Proposed & { /** False: there is no passkey yet that could sign it. */ readonly setUp: boolean }) | null
  > {
    const draft = await this.draftOf(ask, caller);
    if (caller !== null && (await connection(this.kernel, draft, caller)).bound.length === 0) return null;
    const proposed = await this.modules.approvals.propose({
      act: "client.connect",
      draft: draft as unknown as Json,
      resource: ask.client,
      human: caller?.id ?? null,
    });
    return { ...proposed, setUp: (await this.kernel.store.get("root", "root")) !== null };
  }

  private async draftOf(ask: ConnectRequest, caller: Human | null): Promise<ConnectDraft> {
    const { kernel } = this;
    this.assertBounds(ask);
    if ((ask.session === null) === (caller === null)) {
      throw new AppError("request.invalid", {
        detail: "`session` names the device of somebody who is not signed in, and only then",
      });
    }
    const session = ask.session === null ? null : await this.modules.sessions.draftOf(ask.session);
    const upstreams = ask.upstreams.map(async ({ id, terms, pins, secrets }): Promise<UpstreamDraft> => {
      if (terms.kind !== "mcp") throw new AppError("request.invalid", { detail: `\`${id}\` is no server of tools` });
      return { id, terms: { ...(await sealSecrets<"mcp">(kernel, terms, secrets ?? {})), pins: pins ?? null } };
    });
    const salt = Buffer.from(kernel.random(16)).toString("base64url");
    const agent = { ...ask.agent, id: newId("agt", kernel.now(), kernel.random), salt };
    return { label: ask.label, owner: caller?.id ?? null, session, upstreams: await Promise.all(upstreams), agent };
  }

  private assertBounds({ agent, upstreams, ...rest }: ConnectRequest): void {
    const ends = Date.parse(agent.expiresAt);
    const now = this.kernel.now();
    if (!(ends > now && ends <= now + LONGEST_MS))
      throw new AppError("request.invalid", { detail: "an agent ends within 366 days; give a time in the future" });
    if (new Set(upstreams.map(({ id }) => id)).size !== upstreams.length)
      throw new AppError("request.invalid", { detail: "two upstreams have the same name" });
    if (JSON.stringify({ agent, upstreams, ...rest }).length > MOST_BYTES)
      throw new AppError("request.invalid", { detail: "this is too much for one signature; connect fewer servers" });
  }
}

/** Everything that a signature of this person would put in force, as one change. */
async function connection(kernel: Kernel, draft: ConnectDraft, signer: Human): Promise<BuiltChange> {
  const { label, session } = draft;
  const device = session === null ? null : await sessionOpenKind.build(kernel, session as unknown as Json, signer);
  const found = await Promise.all(draft.upstreams.map(async (one) => await upstreamForClient(kernel, one)));
  const upstreams = found.filter((part) => part !== null);
  const agent = await agentForClient(kernel, draft.agent, await ownerOf(kernel, draft, signer));
  const parts = [device, ...upstreams, agent].filter((part) => part !== null);
  return {
    bound: parts.flatMap(({ bound }) => bound),
    also: parts.flatMap(({ also }) => also),
    expect: parts.flatMap(({ expect }) => expect),
    shown: {
      client: label,
      ...(device === null ? {} : { machine: device.shown }),
      ...(upstreams.length === 0 ? {} : { servers: upstreams.map(({ shown }) => shown) }),
      ...(agent === null ? {} : { agent: agent.shown }),
    },
    sentence: `connect ${label}: ${parts.map(({ sentence }) => sentence).join(", ")}`,
  };
}

/** INV-11: an administrator signs for somebody else, and is not accountable for what that one's agent does. */
async function ownerOf({ store }: Kernel, { owner }: ConnectDraft, signer: Human): Promise<Human> {
  if (owner === null || owner === signer.id) return signer;
  const human = await store.get("human", owner);
  if (human?.state.status === "active") return human;
  throw new AppError("approval.changed", { detail: "whoever asked for this is not active any more" });
}

export const clientConnectKind: ChangeKind = {
  act: "client.connect",
  approvers: "role:admin",
  entryKind: "admin",
  async build(kernel, draft: Json, approver) {
    const built = await connection(kernel, draft as unknown as ConnectDraft, approver);
    if (built.bound.length > 0) return built;
    throw new AppError("approval.changed", { detail: "everything that was asked for here is in force already" });
  },
};
