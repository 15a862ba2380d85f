import { type LedgerEntry, isJsonObject } from "@countersign/core";

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
  "agent.reassign": "Agent given to another owner",
  "agent.reinstate": "Agent reinstated",
  "agent.retired": "Agent retired",
  "agent.suspended": "Agent suspended",
  "approval.approve": "Approved",
  "approval.deny": "Denied",
  "approval.expire": "Approval expired",
  "approval.open": "Approval asked for",
  "approval.void": "Approval withdrawn",
  "brake.freeze": "Freeze",
  "brake.settled": "Stop confirmed by every point",
  "brake.sever": "Sever",
  "brake.thaw": "Thaw",
  "client.connect": "Client connected",
  "device.lost": "Device lost",
  "human.add": "Person admitted",
  "human.invite": "Person invited",
  "human.offboard": "Person off-boarded",
  "human.register": "Passkey registered by an invited person",
  "human.reinstate": "Person let in again",
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

type Names = Readonly<Record<string, string>>;
type Told = Pick<LedgerEntry, "kind" | "action" | "resource" | "cause" | "approval">;

/** An action that this console has no words for is shown as it is written. */
export function entryWords(entry: Told, names: Names): EntryWords {
  const { kind, action, resource } = entry;
  const about = resource === null ? null : withName(resource, names);
  const words = action === null ? undefined : RECORDS[action];
  if (words !== undefined) return { title: `${words}${answererWords(entry, names)}`, isName: false, about };
  return { title: action ?? kind, isName: action !== null, about };
}

/** `agt_…` and `agent:agt_…` by their names. */
function withName(resource: string, names: Names): string {
  const [, prefix = "", id = ""] = /^(?:([a-z]+):)?([a-z]{2,3}_[0-9A-Za-z]{22})$/.exec(resource) ?? [];
  const name = names[id];
  if (name === undefined) return resource;
  return prefix === "" ? name : `${prefix} ${name}`;
}

/** ` by Nina Kern` after an answer, `, approved by Nina Kern` after a change that she signed. */
function answererWords(entry: Told, names: Names): string {
  const name = answeredBy(entry, names);
  if (name === null) return "";
  const isAnswer = entry.action === "approval.approve" || entry.action === "approval.deny";
  return isAnswer ? ` by ${name}` : `, approved by ${name}`;
}

/** Who answered what this entry is about: signed it, or denied it without a signature. Null: it is about no answer. */
export function answeredBy({ approval, cause }: Pick<LedgerEntry, "approval" | "cause">, names: Names): string | null {
  const by = approval === undefined ? null : personIn(cause);
  return by === null ? null : nameOf(by, names);
}

/** Who stands behind an entry that no agent made: a person by name, or this machine; null: the control plane by itself. */
export function byWhom({ cause, chain }: Pick<LedgerEntry, "cause" | "chain">, names: Names): string | null {
  const by = personIn(cause) ?? chain.human;
  return by === null ? null : nameOf(by, names);
}

/** The id of the person, or `local`, that a cause names. */
function personIn(cause: LedgerEntry["cause"]): string | null {
  if (!isJsonObject(cause)) return null;
  const { by, signed } = cause;
  const id = isJsonObject(signed) ? signed["approver"] : by;
  return typeof id === "string" ? id : null;
}

function nameOf(id: string, names: Names): string {
  return names[id] ?? (id === "local" ? "this machine" : id);
}
