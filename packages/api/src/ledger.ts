import type { LedgerEntry } from "@countersign/core";
import type { ChainNames, Paged } from "./inventory.ts";

/** How a search text was read: `null` members are not searched for. */
export interface Understood {
  readonly as: "id" | "index" | "hash" | "agent" | "task" | "human" | "device" | "record" | "resource" | "nothing";
  readonly value: string;
  readonly name: string | null;
}

/** `GET /v1/ledger/entries?q=&before=&limit=&reverse=1&names=1` and the filters of its table. */
export interface EntryPage extends Paged {
  readonly entries: readonly { readonly index: number; readonly body: LedgerEntry }[];
  /** Size of the published log. */
  readonly size: number;
  /** By id, when `names=1`: of people, devices, agents, tasks (their purpose) and points that these entries name. */
  readonly names?: Readonly<Record<string, string>>;
  readonly understood?: Understood;
}

/** `GET /v1/ledger/entries/{id}` */
export interface EntryView {
  readonly index: number;
  readonly body: LedgerEntry;
  /** base64 of the very bytes that are hashed: what a browser verifies, and shows after that. */
  readonly leaf: string;
  readonly names: Readonly<Record<string, string>>;
  /** A person's words about it, opened for who reads: the reason of a stop or of a denial. Null: none were given, or they were erased. */
  readonly reason: string | null;
}

/** One step of the chain of intent: something that was done, tried, held or refused. */
export interface Act {
  readonly id: string;
  readonly index: number;
  readonly time: string;
  readonly human: string | null;
  readonly device: string | null;
  readonly agent: string | null;
  readonly task: string | null;
  readonly names: ChainNames;
  readonly action: string | null;
  readonly resource: string | null;
  /** All resources, `resource` among them, where there are several. */
  readonly resources?: readonly string[];
  readonly effect: string | null;
  readonly decision: { readonly result: string; readonly step: string | null; readonly code: string | null } | null;
  /** `ok`, `error`, …; null while it is under way and for what was refused. */
  readonly outcome: string | null;
  readonly approval: string | null;
}

/** `GET /v1/agents/{id}/acts?since=&until=&before=&limit=`: for its owner and for auditors. */
export interface ActPage extends Paged {
  readonly acts: readonly Act[];
}
