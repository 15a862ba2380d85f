import { AppError, type AgentId, type Grant, type StateRecord, contains, grantOf } from "@countersign/core";
import type { BuiltChange } from "../approvals/index.ts";
import { humanName } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Put } from "../store/index.ts";
import { activeOwner } from "./kinds.ts";
import { shownAgent } from "./shown-agent.ts";

/** An agent as a bundle proposes it. */
export interface ClientAgent {
  /** The id of the agent if it is a new one. */
  readonly id: AgentId;
  readonly salt: string;
  readonly name: string;
  readonly purpose: string;
  readonly grants: readonly Grant[];
  readonly expiresAt: string;
}

/**
 * What a signature puts in force so that a client acts as this agent of its owner: a new agent, or more scope for the one of that name;
 * null when nothing is missing.
 * @throws AppError `approval.changed` when the agent is somebody else's or was stopped
 */
export async function agentForClient(
  kernel: Kernel,
  ask: ClientAgent,
  owner: StateRecord<"human">,
): Promise<BuiltChange | null> {
  const named = await kernel.store.find("agent", { key: ask.name });
  const known = named.findLast((a) => a.state.status !== "retired") ?? null;
  if (known === null) return await newAgent(kernel, ask, owner);
  await assertUsable(kernel, known, owner);
  const { terms } = known;
  const missing = ask.grants.filter((grant) => !terms.scope.some((given) => covers(given, grant)));
  const lasts = Date.parse(terms.expiresAt) > kernel.now();
  if (missing.length === 0 && lasts) return null;
  const expiresAt = lasts ? terms.expiresAt : ask.expiresAt;
  const wider = { ...terms, scope: [...terms.scope, ...missing], expiresAt };
  return {
    bound: [{ ...known, terms: wider, authority: null }],
    also: [],
    expect: [{ kind: "agent", id: known.id, version: known.version }, ...(await activeOwner(kernel, owner.id))],
    shown: {
      change: "more scope",
      added: missing.map(grantOf),
      ...(lasts ? {} : { ended: terms.expiresAt }),
      ...(await shownAgent(kernel, wider)),
    },
    sentence: `let ${terms.name} do more`,
  };
}

async function newAgent(kernel: Kernel, ask: ClientAgent, owner: StateRecord<"human">): Promise<BuiltChange> {
  const { id, name, salt, expiresAt } = ask;
  const scope = ask.grants.map(({ action, resource }) => ({ action, resource }));
  const purpose = await kernel.keys.sealText(owner.id, ask.purpose);
  const terms = { name, owner: owner.id, purpose, scope, expiresAt, salt };
  const put: Put = { kind: "agent", id, terms, state: { status: "active", executables: [] }, authority: null };
  return {
    bound: [put],
    also: [],
    expect: [{ kind: "agent", id, version: 0 }, ...(await activeOwner(kernel, owner.id))],
    shown: { change: "new", ...(await shownAgent(kernel, terms)) },
    sentence: `register the agent ${name}`,
  };
}

async function assertUsable(
  kernel: Kernel,
  { terms, state }: StateRecord<"agent">,
  owner: StateRecord<"human">,
): Promise<void> {
  const { name } = terms;
  if (terms.owner !== owner.id) {
    const whose = (await humanName(kernel, terms.owner))?.name ?? "somebody else";
    throw new AppError("approval.changed", {
      detail: `the agent \`${name}\` is ${whose}'s; connect again with \`--agent\` and another name`,
    });
  }
  if (state.status === "active") return;
  throw new AppError("approval.changed", {
    detail: `the agent \`${name}\` is ${state.status}; run \`countersign agent reinstate ${name}\` first`,
  });
}

function covers(given: Grant, asked: Grant): boolean {
  return contains(given.action, asked.action) && contains(given.resource, asked.resource);
}
