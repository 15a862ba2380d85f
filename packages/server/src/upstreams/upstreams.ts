import {
  AppError,
  type Json,
  type McpTerms,
  type Settings,
  type UpstreamRecord,
  type UpstreamTerms,
  databaseResource,
  isUpstreamOf,
} from "@countersign/core";
import type { Approvals, ChangeKind, Proposal, Proposed } from "../approvals/index.ts";
import { type Config, sameTerms } from "../config/index.ts";
import { type Kernel, change, retried, serverEntry } from "../kernel.ts";
import { formerLeaseMs } from "../lease-time.ts";
import { type Put, withState } from "../store/index.ts";
import { type UpstreamSecrets, reachDigest, sealSecrets } from "./sealed-terms.ts";

/** INV-12: without a signature only before the first human has bound what is in force. */
const NO_ROOT = { kind: "root", id: "root", version: 0 } as const;

/** Asks a gateway what an upstream offers: definition hashes by tool. */
export type InspectUpstream = (
  name: string,
  terms: McpTerms,
) => Promise<
  | { readonly ok: true; readonly tools: readonly { readonly name: string; readonly hash: string }[] }
  | { readonly ok: false; readonly reason: string }
>;

/** An upstream that somebody asks for. */
export interface NewUpstream {
  readonly id: string;
  readonly terms: UpstreamTerms;
  /** Definition hashes that the caller found, by tool; they are what is signed, and what the gateway holds the upstream to. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  readonly secrets?: UpstreamSecrets | undefined;
}

export interface PendingChange extends Proposed {
  readonly what: string;
}

/** Upstreams and settings: taken from the configuration on a new data directory, later changed only by a signature (INV-12). */
export class Upstreams {
  private readonly kernel: Kernel;
  private readonly approvals: Approvals;
  private inspect: InspectUpstream | null = null;
  /** What the configuration of this very server says otherwise than what is in force, waiting for a signature. */
  readonly pending: PendingChange[] = [];

  constructor(kernel: Kernel, approvals: Approvals) {
    this.kernel = kernel;
    this.approvals = approvals;
  }

  /**
   * Before there is a human, the configuration is simply put in force; afterwards each difference is proposed. So is what a server finds
   * different that comes beside others.
   */
  async apply(config: Config): Promise<void> {
    const { store } = this.kernel;
    const isNew = await retried(async () => {
      const isFirst = !config.isShared || (await store.get("settings", "settings")) === null;
      const isNew = isFirst && (await store.get("root", "root")) === null;
      if (isNew) await this.genesis(config);
      return isNew;
    });
    if (!isNew) await this.proposeDifferences(config);
  }

  private async genesis(config: Config): Promise<void> {
    const { kernel } = this;
    const puts: Put[] = [
      { kind: "settings", id: "settings", terms: config.settings, state: { status: "active" }, authority: "genesis" },
    ];
    for (const [id, terms] of Object.entries(config.upstreams)) {
      const known = await kernel.store.get("upstream", id);
      const same = known !== null && sameTerms(unpinned(known.terms), terms);
      const state = { status: "active" } as const;
      puts.push({ kind: "upstream", id, terms: same ? known.terms : terms, state, authority: "genesis" });
    }
    for (const old of await kernel.store.find("upstream", { status: "active" })) {
      if (old.id in config.upstreams) continue;
      puts.push(withState(old, { status: "removed" }));
    }
    await change(kernel, {
      expect: [NO_ROOT],
      put: puts,
      entries: [serverEntry(kernel, "upstream", { action: "settings.genesis", changes: puts })],
    });
  }

  private async proposeDifferences(config: Config): Promise<void> {
    const settings = await this.kernel.store.get("settings", "settings");
    if (settings !== null && !sameTerms(settings.terms, config.settings)) {
      const proposed = await this.approvals.proposeOnce({
        act: "settings.put",
        draft: toJson(config.settings),
        resource: "settings",
      });
      this.pending.push({ ...proposed, what: "settings" });
    }
    for (const [id, terms] of Object.entries(config.upstreams)) {
      const known = await this.kernel.store.get("upstream", id);
      if (known?.state.status === "active" && sameTerms(unpinned(known.terms), terms)) continue;
      this.pending.push({ ...(await this.approvals.proposeOnce(proposalOf(id, terms))), what: `upstream ${id}` });
    }
  }

  /**
   * Proposes an upstream. INV-12: nothing of a proposal is started, called or resolved here before it is signed. Its definitions are those
   * that the caller found; else it is asked when it is reached as the one in force is, and one that is new is proposed once more later.
   */
  async register({ id, terms: asked, pins, secrets }: NewUpstream): Promise<Proposed> {
    const terms = await sealSecrets(this.kernel, asked, secrets ?? {});
    if (terms.kind === "mcp") return await this.put(id, { ...terms, pins: pins ?? (await this.offered(id, terms)) });
    if (pins === undefined) return await this.put(id, terms);
    throw new AppError("request.invalid", { detail: `\`${id}\` is a database: it has no tool definitions` });
  }

  /**
   * Proposes the upstream that is in force with other secrets. Each has a new name, so that it is signed like any change of how an upstream is
   * reached; the former one goes on until then. @throws AppError `request.not_found`
   */
  async replaceSecrets(id: string, secrets: UpstreamSecrets): Promise<Proposed> {
    const known = await this.kernel.store.get("upstream", id);
    if (known?.state.status !== "active") throw noUpstream(id);
    return await this.put(id, await sealSecrets(this.kernel, known.terms, secrets));
  }

  private async offered(id: string, terms: McpTerms): Promise<McpTerms["pins"]> {
    const known = await this.kernel.store.get("upstream", id);
    if (known?.state.status !== "active" || known.terms.kind !== "mcp") return null;
    if ((await reachDigest(this.kernel, known.terms)) !== (await reachDigest(this.kernel, terms))) return null;
    const found = await this.inspect?.(id, known.terms);
    if (found?.ok === false)
      throw new AppError("upstream.down", {
        detail: `upstream \`${id}\` could not be asked for its tools: ${found.reason}`,
      });
    return found === undefined ? null : pinsOf(found.tools);
  }

  /** Tightening: takes hold at once, without a signature. @throws AppError `request.not_found` */
  async remove(id: string, by: string): Promise<void> {
    const known = await this.kernel.store.get("upstream", id);
    if (known?.state.status !== "active") throw noUpstream(id);
    const put = withState(known, { status: "removed" });
    await change(this.kernel, {
      expect: [{ kind: "upstream", id, version: known.version }],
      put: [put],
      entries: [
        serverEntry(this.kernel, "upstream", {
          action: "upstream.remove",
          resource: resourceOf(id, known.terms),
          cause: { by },
          changes: [put],
        }),
      ],
    });
  }

  private async put(id: string, terms: UpstreamTerms): Promise<Proposed> {
    return await this.approvals.propose(proposalOf(id, terms));
  }

  /**
   * Accepts what the upstreams offer now, before there is a human: that is their registration. Later a new or changed definition stays
   * hidden until an administrator signs it.
   */
  async pinGenesis(
    inspect: InspectUpstream,
  ): Promise<readonly { readonly upstream: string; readonly reason: string }[]> {
    const { kernel } = this;
    this.inspect = inspect;
    const failed: { upstream: string; reason: string }[] = [];
    const active = await kernel.store.find("upstream", { status: "active" });
    await Promise.all(
      active.map(async (upstream) => {
        if (!isUpstreamOf("mcp", upstream) || upstream.terms.pins !== null) return;
        const found = await inspect(upstream.id, upstream.terms);
        if (found.ok) await this.pinned(upstream.id, found.tools);
        else failed.push({ upstream: upstream.id, reason: found.reason });
      }),
    );
    return failed;
  }

  /** Another server may do the same, or the first human come, at the same time. */
  private async pinned(id: string, tools: readonly { name: string; hash: string }[]): Promise<void> {
    await retried(async () => {
      const { store } = this.kernel;
      const upstream = await store.get("upstream", id);
      if (upstream?.state.status !== "active" || !isUpstreamOf("mcp", upstream) || upstream.terms.pins !== null) return;
      if ((await store.get("root", "root")) === null) await this.pin(upstream, tools);
      else await this.proposePins(upstream, tools);
    });
  }

  private async pin(upstream: UpstreamRecord<"mcp">, tools: readonly { name: string; hash: string }[]): Promise<void> {
    const { version, ...rest } = upstream;
    const put = { ...rest, terms: { ...upstream.terms, pins: pinsOf(tools) } } as Put;
    await change(this.kernel, {
      expect: [NO_ROOT, { kind: "upstream", id: upstream.id, version }],
      put: [put],
      entries: [
        serverEntry(this.kernel, "upstream", {
          action: "upstream.pin",
          resource: `mcp:${upstream.id}`,
          changes: [put],
        }),
      ],
    });
  }

  private async proposePins(
    upstream: UpstreamRecord<"mcp">,
    tools: readonly { name: string; hash: string }[],
  ): Promise<void> {
    const proposed = await this.approvals.proposeOnce(
      proposalOf(upstream.id, { ...upstream.terms, pins: pinsOf(tools) }),
    );
    this.pending.push({ ...proposed, what: `tool definitions of ${upstream.id}` });
  }

  async list(): Promise<readonly Record<string, unknown>[]> {
    return (await this.kernel.store.find("upstream")).map(({ id, terms, state }) => ({
      name: id,
      status: state.status,
      ...shownTerms(terms),
    }));
  }
}

function noUpstream(id: string): AppError {
  return new AppError("request.not_found", { detail: `there is no upstream \`${id.slice(0, 64)}\`` });
}

/** INV-9: of values only their names. */
function shownTerms(terms: UpstreamTerms): Record<string, unknown> {
  if (terms.kind === "postgres") {
    return { ...terms, password: terms.password === null ? null : "password", ca: terms.ca !== undefined };
  }
  return {
    ...terms,
    env: Object.keys(terms.env),
    headers: Object.keys(terms.headers ?? {}),
    auth: terms.auth === null ? null : "bearer",
    tools: terms.pins === null ? null : Object.keys(terms.pins),
    pins: undefined,
  };
}

/** As a configuration says it: what was accepted of it is no part of the file. */
function unpinned(terms: UpstreamTerms): UpstreamTerms {
  return terms.kind === "mcp" ? { ...terms, pins: null } : terms;
}

function resourceOf(id: string, { kind }: UpstreamTerms): string {
  return kind === "postgres" ? databaseResource(id) : `mcp:${id}`;
}

function pinsOf(tools: readonly { name: string; hash: string }[]): Record<string, string> {
  return Object.fromEntries(tools.map(({ name, hash }) => [name, hash]));
}

function proposalOf(id: string, terms: UpstreamTerms): Proposal {
  return { act: "upstream.put", draft: { id, terms: toJson(terms) }, resource: resourceOf(id, terms) };
}

function toJson(value: Settings | UpstreamTerms): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

export const upstreamPutKind: ChangeKind = {
  act: "upstream.put",
  approvers: "role:admin",
  entryKind: "upstream",
  async build(kernel, draft: Json) {
    const { id, terms } = draft as unknown as { id: string; terms: UpstreamTerms };
    const known = await kernel.store.get("upstream", id);
    const put: Put = { kind: "upstream", id, terms, state: { status: "active" }, authority: null };
    return {
      bound: [put],
      also: [],
      expect: [{ kind: "upstream", id, version: known?.version ?? 0 }],
      shown: { name: id, now: toJson(terms), before: known === null ? null : toJson(known.terms) },
      sentence: `${known === null ? "register" : "change"} the upstream ${id}`,
    };
  },
};

export const settingsPutKind: ChangeKind = {
  act: "settings.put",
  approvers: "role:admin",
  entryKind: "admin",
  async build(kernel, draft: Json) {
    const terms = draft as unknown as Settings;
    const known = await kernel.store.get("settings", "settings");
    if (known === null) throw new AppError("data.damaged");
    // INV-5: every passkey and signature is bound to the origin; under another one nobody could sign anything again.
    if (terms.publicUrl !== known.terms.publicUrl)
      throw new AppError("approval.changed", {
        detail: "the address of an installation stays; propose the rest again",
      });
    const state = { status: "active", formerLeaseMs: formerLeaseMs(known) } as const;
    return {
      bound: [{ kind: "settings", id: "settings", terms, state, authority: null }],
      also: [],
      expect: [{ kind: "settings", id: "settings", version: known.version }],
      shown: { now: toJson(terms), before: toJson(known.terms) },
      sentence: "change the settings",
    };
  },
};
