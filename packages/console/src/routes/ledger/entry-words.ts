import type { LedgerEntry } from "@countersign/core";

/** What an entry says, in words. */
export interface EntryWords {
  readonly title: string;
  /** The title is a name out of a call, not a sentence. */
  readonly isName: boolean;
  /** What it is about, as it stands in the entry. */
  readonly about: string | null;
}

const RECORDS: Readonly<Record<string, string>> = {
  "agent.create": "Agent registered",
  "agent.owner_lost": "Agent lost its owner",
  "agent.reinstate": "Agent reinstated",
  "agent.retired": "Agent retired",
  "agent.suspended": "Agent suspended",
  "approval.approve": "Approved with a passkey",
  "approval.deny": "Denied by a person",
  "approval.expire": "Approval expired",
  "approval.open": "Approval asked for",
  "approval.void": "Approval became void",
  "brake.freeze": "Freeze",
  "brake.settled": "Stop confirmed by every point",
  "brake.sever": "Sever",
  "brake.thaw": "Thaw",
  "client.connect": "Client connected",
  "human.add": "Person admitted",
  "human.invite": "Person invited",
  "human.register": "Passkey registered by an invited person",
  "human.setup": "First person registered",
  "mandate.create": "Mandate given",
  "mandate.revoke": "Mandate revoked",
  "policy.genesis": "First policy in force",
  "policy.publish": "Policy published",
  "session.end": "Signed out",
  "session.open": "Signed in",
  "settings.genesis": "First settings and upstreams in force",
  "settings.put": "Settings changed",
  "task.end": "Task ended",
  "task.key": "Key added to a task",
  "task.open": "Task opened",
  "upstream.pin": "Tools of an upstream pinned",
  "upstream.put": "Upstream changed",
  "upstream.remove": "Upstream removed",
};

/** An action that this console has no words for is shown as it is written. */
export function entryWords(
  { kind, action, resource }: Pick<LedgerEntry, "kind" | "action" | "resource">,
  names: Readonly<Record<string, string>>,
): EntryWords {
  const about = resource === null ? null : withName(resource, names);
  const words = action === null ? undefined : RECORDS[action];
  if (words !== undefined) return { title: words, isName: false, about };
  return { title: action ?? kind, isName: action !== null, about };
}

/** `agt_…` and `agent:agt_…` by their names. */
function withName(resource: string, names: Readonly<Record<string, string>>): string {
  const [, prefix = "", id = ""] = /^(?:([a-z]+):)?([a-z]{2,3}_[0-9A-Za-z]{22})$/.exec(resource) ?? [];
  const name = names[id];
  if (name === undefined) return resource;
  return prefix === "" ? name : `${prefix} ${name}`;
}

/** Who stands behind an entry without a task: a person by name, or this machine; null: the control plane by itself. */
export function byWhom(
  { cause, chain }: Pick<LedgerEntry, "cause" | "chain">,
  names: Readonly<Record<string, string>>,
): string | null {
  const by = typeof cause === "object" && cause !== null && "by" in cause ? cause.by : chain.human;
  if (typeof by !== "string") return null;
  return names[by] ?? (by === "local" ? "this machine" : by);
}
