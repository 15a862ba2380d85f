import type { Call, Chain, StateRecord } from "@countersign/core";
import type { DecideInput } from "@countersign/policy";
import type { Action, RefusedCall } from "./action.ts";
import type { EnforcementPoint } from "./point.ts";

export function isRefused(call: Call | RefusedCall): call is RefusedCall {
  return "refused" in call;
}

/** Everything that `decide()` may look at, read from the replica in one step. */
export function gatherFacts(
  point: EnforcementPoint,
  action: Action,
  call: Call,
  countersignature: DecideInput["countersignature"],
): DecideInput {
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
      posture: find(chain?.device, (id) => replica.get("posture", id)),
      agent: find(chain?.agent, (id) => replica.get("agent", id)),
      task: find(chain?.task, (id) => replica.get("task", id)),
      upstream: upstream?.state.status === "active" ? upstream : null,
      brakes: activeBrakes(point),
    },
    policies: point.evaluator,
    risk: 0,
    countersignature,
  };
}

function find<I, T>(id: I | null | undefined, get: (id: I) => T | undefined): T | null {
  return id === null || id === undefined ? null : (get(id) ?? null);
}

function activeBrakes(point: EnforcementPoint): StateRecord<"brake">[] {
  const active: StateRecord<"brake">[] = [];
  for (const brake of point.replica.all("brake")) if (brake.state.status === "active") active.push(brake);
  return active;
}

/** Device facts as an entry shows them. */
export function postureShown(point: EnforcementPoint, chain: Chain): { device: string; tier: string } | null {
  const device = chain.device === null ? undefined : point.replica.get("device", chain.device);
  return device === undefined ? null : { device: device.state.status, tier: device.terms.tier };
}
