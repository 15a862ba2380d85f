import { type AnyRecord, type BrakeScope, type Chain, type Decision, type Kind, denied, isId } from "@countersign/core";

/** What one change of the state ends: every action in this scope, for this reason. */
export interface Ending {
  readonly scope: BrakeScope;
  /** A deny: what each of them is told. */
  readonly decision: Decision;
}

/** INV-3: a stop, or a link of a chain that is no more; null for a change that ends nothing by itself. */
export function endingOf(record: AnyRecord): Ending | null {
  switch (record.kind) {
    case "brake":
      return record.state.status === "active" ? stopped(record) : null;
    case "human":
      if (record.state.status === "active") return null;
      return ending("owner", record.id, denied("human", "human.inactive", "the human behind this action has left"));
    case "device":
      if (record.state.status === "active") return null;
      return ending("device", record.id, denied("device", "device.unknown", `the device is ${record.state.status}`));
    case "agent":
      if (record.state.status === "active") return null;
      if (record.state.status === "owner_lost")
        return ending("agent", record.id, denied("agent", "agent.owner_lost", "the owner of the agent has left"));
      return ending("agent", record.id, denied("agent", "agent.inactive", `the agent is ${record.state.status}`));
    case "task":
      if (record.state.status === "live") return null;
      return ending("task", record.id, taskOver(record.state));
    case "root":
    case "passkey":
    case "settings":
    case "policy":
    case "upstream":
    case "posture":
    case "mandate":
    case "session":
    case "invite":
    case "join":
    case "point":
    case "spool":
    case "approval":
      return null;
    default:
      return record satisfies never;
  }
}

const FOR_ALL: ReadonlySet<Kind> = new Set<Kind>(["policy", "upstream", "settings"]);
const LINKS: ReadonlySet<Kind> = new Set<Kind>(["human", "device", "posture", "agent", "task", "mandate"]);

/** About which chains these changes, which may end nothing by themselves, can make another answer of the decision. */
export function concernedBy(records: readonly AnyRecord[]): (chain: Chain) => boolean {
  const links = new Set<string>();
  for (const record of records) {
    if (FOR_ALL.has(record.kind)) return () => true;
    if (LINKS.has(record.kind)) links.add(record.kind === "mandate" ? record.terms.agent : record.id);
  }
  return ({ human, device, agent, task }) => [human, device, agent, task].some((id) => id !== null && links.has(id));
}

function ending(type: BrakeScope["type"], value: string, decision: Decision): Ending {
  return { scope: { type, value }, decision };
}

function stopped({ id, terms }: Extract<AnyRecord, { kind: "brake" }>): Ending {
  const freezes = terms.kind === "freeze";
  const reason = `a ${terms.kind} (${id}) covers this action`;
  const decision = denied("brake", freezes ? "brake.frozen" : "brake.severed", reason);
  return { scope: terms.scope, decision: { ...decision, brake: id } };
}

function taskOver({ status, cause }: Extract<AnyRecord, { kind: "task" }>["state"]): Decision {
  if (status !== "severed") return denied("task", "task.ended", "the task has ended");
  const severed = denied("brake", "brake.severed", "the task was severed");
  return isId("brk", cause) ? { ...severed, brake: cause } : severed;
}
