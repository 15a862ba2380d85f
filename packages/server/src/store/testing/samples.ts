import {
  type AgentId,
  type BrakeId,
  type Chain,
  type HumanId,
  type IntentId,
  newId,
  type PointId,
  type TaskId,
} from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import type { Entry, Put } from "../store.ts";

/** Ids and records for tests: the same seed gives the same ones. */
export class Samples {
  private counter = 0;
  private readonly seed: number;

  constructor(seed = 1) {
    this.seed = seed;
  }

  readonly random = (length: number): Uint8Array => {
    this.counter += 1;
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(length - 4, this.counter);
    bytes[0] = this.seed;
    return bytes;
  };

  id<P extends Parameters<typeof newId>[0]>(prefix: P): ReturnType<typeof newId<P>> {
    return newId(prefix, 1_800_000_000_000 + this.counter, this.random);
  }

  chain(task: TaskId | null = this.id("tsk")): Chain {
    return { human: this.id("hum"), device: this.id("dev"), agent: this.id("agt"), task };
  }

  draft(parts: Partial<EntryDraft> = {}): EntryDraft {
    return {
      id: this.id("ent"),
      time: "2027-01-15T08:00:00.000Z",
      kind: "admin",
      chain: { human: null, device: null, agent: null, task: null },
      agentProof: null,
      action: null,
      resource: null,
      effect: null,
      argsCommitment: null,
      argsShown: null,
      decision: null,
      posture: null,
      risk: null,
      ...parts,
    };
  }

  intent(chain: Chain, intent: IntentId, resource = "file:/srv/records/executives.json"): EntryDraft {
    return this.draft({
      kind: "action.intent",
      chain,
      intent,
      resource,
      agentProof: "declared",
      action: "mcp:files/write_file",
      effect: "destructive",
      argsCommitment: "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0VniQ",
      argsShown: { value: { path: "/srv/records/executives.json", content: "…" }, hidden: ["/content"] },
      decision: { result: "permit", step: null, code: null, policyIds: ["writes"], policySetHash: "q83v" },
      posture: { level: "enrolled", ageSeconds: 3 },
      risk: 0,
    });
  }

  outcome(chain: Chain, intent: IntentId): EntryDraft {
    return this.draft({
      kind: "action.outcome",
      chain,
      intent,
      outcome: { status: "ok", resultCommitment: null, bytes: 12 },
    });
  }

  human(id: HumanId = this.id("hum"), status: "active" | "inactive" = "active"): Put {
    return {
      kind: "human",
      id,
      terms: { roles: ["admin"], name: { person: id, box: "c2VhbGVk" } },
      state: { status },
      authority: "genesis",
    };
  }

  agent(owner: HumanId, name: string, id: AgentId = this.id("agt")): Put {
    return {
      kind: "agent",
      id,
      terms: {
        name,
        owner,
        purpose: { person: owner, box: "c2VhbGVk" },
        scope: [{ action: "**", resource: "**" }],
        expiresAt: "2028-01-01T00:00:00.000Z",
        salt: "c2FsdA",
      },
      state: { status: "active", executables: [] },
      authority: "genesis",
    };
  }

  task(agent: AgentId, status: "live" | "ended", id: TaskId = this.id("tsk")): Put {
    const human = this.id("hum");
    const purpose = { person: human, box: "c2VhbGVk" };
    const times = { openedAt: "2027-01-15T08:00:00.000Z", expiresAt: "2027-01-15T09:00:00.000Z", idleSeconds: 900 };
    return {
      kind: "task",
      id,
      terms: {
        agent,
        human,
        device: this.id("dev"),
        session: this.id("ses"),
        purpose,
        grants: [],
        ...times,
        runtime: null,
      },
      state: { status, jkts: [], cause: null },
      authority: null,
    };
  }

  freeze(
    scope: { type: "all" | "task" | "resource" | "owner"; value: string },
    status: "active" | "thawed" = "active",
    id: BrakeId = this.id("brk"),
  ): Put {
    return {
      kind: "brake",
      id,
      terms: { kind: "freeze", scope, reason: "audit", by: "hum_x", at: "2027-01-15T08:00:00.000Z", agents: [] },
      state: { status },
      authority: null,
    };
  }

  /** An entry that names what it changes. */
  entry(point: PointId, draft: EntryDraft = this.draft(), changes: readonly Put[] = []): Entry {
    return {
      point,
      draft,
      ...(changes.length === 0 ? {} : { changes: changes.map(({ kind, id }) => ({ kind, id })) }),
    };
  }
}
