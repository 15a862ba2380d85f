import { type Call, type Chain, NO_CHAIN, type StateRecord, isOwnHands, reached } from "@countersign/core";
import { deviceLevel, verifyEvidence } from "@countersign/credentials";
import type { DecideInput, Posture } from "@countersign/policy";
import type { Action, RefusedCall } from "./action.ts";
import type { EnforcementPoint } from "./point.ts";

export function isRefused(call: Call | RefusedCall): call is RefusedCall {
  return "refused" in call;
}

/** A stop on a resource finds an action by all that it touches. */
export function namesOf(call: Call | RefusedCall): readonly string[] {
  return isRefused(call) ? (call.resources ?? [call.resource ?? []].flat()) : reached(call);
}

interface Asking {
  readonly point: EnforcementPoint;
  readonly action: Action;
  readonly countersignature: DecideInput["countersignature"];
}

/** Everything that `decide()` may look at, read from the replica in one step. */
export function gatherFacts({ point, action, countersignature }: Asking, call: Call): DecideInput {
  const { replica } = point;
  const chain = action.claims.ok ? action.claims.chain : null;
  const upstream = replica.get("upstream", call.upstream);
  return {
    now: point.now(),
    claims: action.claims,
    call,
    facts: {
      human: find(chain?.human, (id) => replica.get("human", id)),
      device: find(chain?.device, (id) => replica.get("device", id)),
      posture: find(chain?.device, (id) => postureOf(replica.get("posture", id), replica.get("device", id))),
      agent: find(chain?.agent, (id) => replica.get("agent", id)),
      task: find(chain?.task, (id) => replica.get("task", id)),
      mandate: mandateOf(chain, point),
      purpose: find(chain?.task, (id) => point.purposes.get(id)),
      upstream: upstream?.state.status === "active" ? upstream : null,
      brakes: [...replica.brakesInForce()],
      ...(isOwnHands(call) ? { criticalPatterns: criticalPatterns(point) } : {}),
    },
    policies: point.evaluator,
    risk: point.riskOf(chain ?? NO_CHAIN),
    countersignature,
  };
}

function mandateOf(chain: Chain | null, { replica }: EnforcementPoint): StateRecord<"mandate"> | null {
  const task = find(chain?.task, (id) => replica.get("task", id));
  return find(task?.terms.mandate, (id) => replica.get("mandate", id));
}

/** What is critical behind an upstream stays so when the agent reaches for it with its own hands. */
function criticalPatterns({ replica }: EnforcementPoint): string[] {
  const active = [...replica.all("upstream")].filter(({ state }) => state.status === "active");
  return active.flatMap(({ terms }) => terms.critical);
}

function find<I, T>(id: I | null | undefined, get: (id: I) => T | undefined): T | null {
  return id === null || id === undefined ? null : (get(id) ?? null);
}

const judged = new WeakMap<StateRecord<"posture">, Posture>();

/** The report behind a posture record; read and judged once, because it is asked for at every decision. */
function postureOf(
  record: StateRecord<"posture"> | undefined,
  device: StateRecord<"device"> | undefined,
): Posture | undefined {
  if (record === undefined || device === undefined) return undefined;
  const known = judged.get(record);
  if (known !== undefined) return known;
  const expected = {
    device: device.id,
    jwk: device.terms.jwk,
    nonce: null,
    now: 8.64e15,
    maxAgeSeconds: Number.MAX_SAFE_INTEGER,
  };
  const verified = verifyEvidence(record.terms.evidence, expected);
  if (!verified.ok) return undefined;
  const { report } = verified;

  const posture: Posture = {
    device: report.device,
    iat: report.iat,
    ...deviceLevel(report),
    os: report.os,
    facts: report.facts,
  };
  judged.set(record, posture);
  return posture;
}

/** Device facts as an entry shows them. */
export function postureShown(point: EnforcementPoint, chain: Chain): { device: string; tier: string } | null {
  const device = chain.device === null ? undefined : point.replica.get("device", chain.device);
  return device === undefined ? null : { device: device.state.status, tier: device.terms.tier };
}
