import type {
  AgentId,
  AnyRecord,
  BrakeId,
  BrakeScope,
  Call,
  DeviceId,
  HumanId,
  Kind,
  Kinds,
  StateRecord,
  TaskId,
} from "@countersign/core";
import { compilePolicies } from "../cedar-compile.ts";
import { createCedarEvaluator } from "../cedar-evaluator.ts";
import type { DecideInput, Facts } from "../decide-input.ts";
import { DEFAULT_POLICIES } from "../default-policies.ts";
import type { CedarRequest, Evaluator } from "../evaluator.ts";
import type { ParsedPolicySet } from "../parsed-policies.ts";

export const NOW: number = Date.parse("2026-11-22T12:00:00.000Z");
const HOUR_MS = 3_600_000;
const at = (ms: number): string => new Date(NOW + ms).toISOString();

export const HUMAN: HumanId = "hum_0000000000000000000001";
export const DEVICE: DeviceId = "dev_0000000000000000000001";
export const AGENT: AgentId = "agt_0000000000000000000001";
export const TASK: TaskId = "tsk_0000000000000000000001";
const box = { person: HUMAN, box: "" };
const FILES = [{ action: "mcp:files/*", resource: "file:/srv/**" }];

const record = <K extends Kind>(
  kind: K,
  id: Kinds[K]["id"],
  rest: Pick<Kinds[K], "terms" | "state">,
): StateRecord<K> => ({ kind, id, version: 1, authority: null, ...rest });

/** A mandate for the chain of {@link facts}. */
export function mandateRecord(): StateRecord<"mandate"> {
  return record("mandate", "mdt_0000000000000000000001", {
    terms: {
      agent: AGENT,
      owner: HUMAN,
      device: DEVICE,
      purpose: box,
      grants: FILES,
      trigger: box,
      tasksPerDay: 1,
      expiresAt: at(24 * HOUR_MS),
      salt: "",
    },
    state: { status: "active", day: "", opened: 0 },
  });
}

/** Facts of a chain in which all is well. */
export function facts(change: Partial<Facts> = {}): Facts {
  return {
    human: record("human", HUMAN, { terms: { roles: [], name: box }, state: { status: "active" } }),
    device: record("device", DEVICE, {
      terms: { owner: HUMAN, jwk: { kty: "OKP", crv: "Ed25519", x: "" }, jkt: "d", tier: "software", name: box },
      state: { status: "active" },
    }),
    posture: {
      device: DEVICE,
      iat: NOW / 1000 - 60,
      level: "enrolled",
      missing: [],
      os: { platform: "linux", version: "12" },
      facts: { diskEncrypted: { value: true }, screenLock: { value: "unknown" } },
    },
    agent: record("agent", AGENT, {
      terms: { name: "coder", owner: HUMAN, purpose: box, scope: FILES, expiresAt: at(24 * HOUR_MS), salt: "" },
      state: { status: "active", executables: [] },
    }),
    task: record("task", TASK, {
      terms: {
        agent: AGENT,
        human: HUMAN,
        device: DEVICE,
        session: "ses_0000000000000000000001",
        purpose: box,
        grants: FILES,
        openedAt: at(-HOUR_MS),
        expiresAt: at(HOUR_MS),
        idleSeconds: 900,
        runtime: null,
      },
      state: { status: "live", jkts: ["key"], cause: null },
    }),
    purpose: "tidy the records",
    upstream: record("upstream", "files", {
      terms: {
        kind: "mcp",
        command: ["server"],
        url: null,
        env: {},
        auth: null,
        effects: {},
        resources: {},
        critical: [],
        pins: null,
      },
      state: { status: "active" },
    }),
    brakes: [],
    criticalPatterns: [],
    ...change,
  };
}

/** The same record with other terms or another state. */
export function changed<R extends AnyRecord>(
  of: R | null,
  terms: Partial<R["terms"]>,
  state: Partial<R["state"]> = {},
): R {
  if (of === null) throw new Error("no record");
  return { ...of, terms: { ...of.terms, ...terms }, state: { ...of.state, ...state } };
}

export function brake(
  kind: "freeze" | "sever",
  scope: BrakeScope,
  status: "active" | "thawed" = "active",
): StateRecord<"brake"> {
  const id: BrakeId = kind === "freeze" ? "brk_0000000000000000000001" : "brk_0000000000000000000002";
  return record("brake", id, {
    terms: { kind, scope, reason: "", by: HUMAN, at: at(0), agents: [] },
    state: { status },
  });
}

export function call(change: Partial<Call> = {}): Call {
  return {
    upstream: "files",
    method: "tools/call",
    tool: "write_file",
    toolDefinitionHash: null,
    action: "mcp:files/write_file",
    resource: "file:/srv/records/executives.json",
    effect: "write",
    arguments: { path: "/srv/records/executives.json", content: "[]" },
    ...change,
  };
}

/** An input that is permitted by the default policies. */
export function input(change: Partial<DecideInput> = {}): DecideInput {
  return {
    now: NOW,
    claims: {
      ok: true,
      chain: { human: HUMAN, device: DEVICE, agent: AGENT, task: TASK },
      jkt: "key",
      agentProof: "declared",
    },
    call: call(),
    facts: facts(),
    policies: defaults(),
    risk: 0,
    countersignature: null,
    ...change,
  };
}

export function parsed(text: string): ParsedPolicySet {
  const result = compilePolicies(text, { policies: 5_000, nesting: 64 });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.set;
}
export function evaluatorOf(text: string): Evaluator {
  return createCedarEvaluator(parsed(text));
}

let shared: Evaluator | null = null;
function defaults(): Evaluator {
  return (shared ??= evaluatorOf(DEFAULT_POLICIES));
}

/** What the engine is asked about {@link input}, with these arguments. */
export function request(change: Partial<CedarRequest> = {}, callArguments: Call["arguments"] = {}): CedarRequest {
  return {
    principal: { type: "Agent", id: AGENT, owner: HUMAN, name: "coder" },
    action: "mcp:files/write_file",
    effect: "write",
    resource: "file:/srv/records/executives.json",
    context: {
      now: NOW,
      risk: 3,
      agentProof: "declared",
      tool: "write_file",
      upstream: "files",
      device: {
        id: DEVICE,
        tier: "software",
        level: "enrolled",
        os: "linux",
        osVersion: "12",
        facts: { diskEncrypted: { value: true }, screenLock: { value: "unknown" } },
      },
      task: { id: TASK, purpose: "tidy the records", openedAt: at(-HOUR_MS), expiresAt: at(HOUR_MS) },
      arguments: callArguments,
    },
    ...change,
  };
}
