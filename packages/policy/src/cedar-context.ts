import type { JsonObject } from "@countersign/core";
import { type CedarJson, type InexactPath, cedarValue } from "./argument-values.ts";
import type { CedarRequest, PostureFacts } from "./evaluator.ts";
import type { ReadNode } from "./reads.ts";

type Member = (request: CedarRequest, node: ReadNode, inexact: InexactPath[]) => CedarJson | undefined;
type Members = Readonly<Record<string, Member>>;

const DEVICE: Members = {
  id: ({ context }) => entity("Device", context.device.id),
  tier: ({ context }) => context.device.tier,
  level: ({ context }) => context.device.level,
  os: ({ context }) => context.device.os,
  osVersion: ({ context }) => context.device.osVersion ?? undefined,
  facts: ({ context }, node, inexact) => open(known(context.device.facts), node, { at: ["device", "facts"], inexact }),
};

const TASK: Members = {
  id: ({ context }) => entity("Task", context.task.id),
  purpose: ({ context }) => context.task.purpose ?? undefined,
  openedAt: ({ context }) => datetime(Date.parse(context.task.openedAt)),
  expiresAt: ({ context }) => datetime(Date.parse(context.task.expiresAt)),
};

const CONTEXT: Members = {
  now: ({ context }) => datetime(context.now),
  effect: ({ effect }) => effect,
  risk: ({ context }, node, inexact) => open(context.risk, node, { at: ["risk"], inexact }),
  agentProof: ({ context }) => context.agentProof,
  tool: ({ context }) => context.tool,
  upstream: ({ context }) => context.upstream,
  device: (request, node, inexact) => pick(DEVICE, request, { node, inexact }),
  task: (request, node, inexact) => pick(TASK, request, { node, inexact }),
  arguments: ({ context }, node, inexact) => open(context.arguments, node, { at: ["arguments"], inexact }),
};

/** The part of the context that `node` reads. Paths of values that could not be given exactly are added to `inexact`. */
export function contextOf(
  request: CedarRequest,
  node: ReadNode,
  inexact: InexactPath[],
): Readonly<Record<string, CedarJson>> {
  return pick(CONTEXT, request, { node, inexact });
}

function pick(
  members: Members,
  request: CedarRequest,
  at: { node: ReadNode; inexact: InexactPath[] },
): Record<string, CedarJson> {
  const out: Record<string, CedarJson> = {};
  const { node } = at;
  for (const name of node.whole ? Object.keys(members) : node.members.keys()) {
    if (!Object.hasOwn(members, name)) continue;
    const value = members[name]?.(request, node.whole ? node : (node.members.get(name) ?? node), at.inexact);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

function open(
  value: JsonObject | number,
  node: ReadNode,
  to: { readonly at: readonly string[]; readonly inexact: InexactPath[] },
): CedarJson | undefined {
  const found: InexactPath[] = [];
  const converted = cedarValue(value, node, found);
  for (const path of found) to.inexact.push([...to.at, ...path]);
  return converted;
}

/** What is not known is absent, so that a policy must ask before it relies on it. */
function known(facts: PostureFacts): JsonObject {
  const out = Object.create(null) as Record<string, boolean>;
  for (const [name, { value }] of Object.entries(facts)) if (value !== "unknown") out[name] = value;
  return out;
}

function entity(type: string, id: string): CedarJson {
  return { __entity: { type, id } };
}

/** Throws a RangeError on a time that is none. */
function datetime(ms: number): CedarJson {
  return { __extn: { fn: "datetime", arg: new Date(ms).toISOString() } };
}
