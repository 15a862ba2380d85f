import type { Hint } from "@countersign/api";
import {
  type AnyRecord,
  AppError,
  type Chain,
  type EntryKind,
  type Json,
  type Kind,
  NO_CHAIN,
  type PointId,
  type Random,
  type Settings,
  newId,
  severalOf,
} from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import type { Logger } from "pino";
import type { KeyRing } from "./keys/index.ts";
import type { Points, Pushed, Untold } from "./points/index.ts";
import type { Commit, Committed, Put, Store } from "./store/index.ts";

/** What every module of the control plane stands on. */
export interface Kernel {
  readonly store: Store;
  readonly points: Points;
  readonly keys: KeyRing;
  readonly random: Random;
  readonly now: () => number;
  readonly log: Logger;
  /** The control plane as a source of entries. */
  readonly pointId: PointId;
  /** Tells whoever looks at a page that something moved which is no change of a record. */
  readonly hint: (hint: Hint) => void;
  /** Address of the gateway of this process, for clients; null when it has none. */
  readonly gatewayUrl: () => string | null;
}

export interface Published {
  readonly version: number;
  readonly generation: number;
  /** What was put, as it is stored now. */
  readonly records: readonly AnyRecord[];
  readonly indexes: readonly number[];
  /** One for each enforcement point, when it has applied the change; a stop waits for these. */
  readonly acknowledgements: readonly Pushed[];
  /** Points that are connected here and hold nothing of what changed. */
  readonly untold: readonly Untold[];
}

/** How long a change waits for points that do not answer; what must be confirmed by all waits in its own way (`confirmations`). */
const APPLIED_MS = 1500;

/**
 * Commits and tells every enforcement point what changed. Resolves when the change is durable and applied at the points that answer.
 * @throws AppError `request.conflict` when a record changed meanwhile.
 */
export async function change(kernel: Kernel, commit: Commit): Promise<Published> {
  const published = await startChange(kernel, commit);
  await applied(published);
  return published;
}

/** Resolves when what was committed is applied at the points that answer. */
export async function applied({ acknowledgements }: Published): Promise<void> {
  const answered = Promise.allSettled(acknowledgements.map((pushed) => pushed.answer));
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), APPLIED_MS);
  await Promise.race([answered, late.promise]);
  clearTimeout(timer);
}

/** As {@link change}, but resolves as soon as the change is durable. */
export async function startChange(kernel: Kernel, commit: Commit): Promise<Published> {
  const committed = await kernel.store.commit(commit);
  if (!committed.ok)
    throw new AppError("request.conflict", { detail: "the state changed meanwhile; look again and repeat" });
  return publish(kernel, commit, committed);
}

export function publish(kernel: Kernel, commit: Commit, committed: Extract<Committed, { ok: true }>): Published {
  const { version, indexes } = committed;
  const { generation } = kernel.store;
  const records = (commit.put ?? []).map((put) => ({ ...put, version }));
  const acknowledgements = records.length === 0 ? [] : kernel.points.publish({ generation, version, records });
  const untold = kernel.points.untold(acknowledgements);
  for (const { answer } of acknowledgements) {
    answer.catch((error: unknown) =>
      kernel.log.warn({ err: error }, "an enforcement point did not take a change; its lease will end"),
    );
  }
  return { version, generation, records, indexes, acknowledgements, untold };
}

/** The version of the state now: what is listed after this is whole if nothing of it changed since. */
export async function versionNow({ store }: Pick<Kernel, "store">): Promise<number> {
  return (await store.changes(Number.MAX_SAFE_INTEGER, [])).version;
}

/** Repeats what lost a race, on the state as it is then. @throws AppError `request.conflict` when it loses too often */
export async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "request.conflict" || tries >= MOST_TRIES) throw error;
    }
  }
}
const MOST_TRIES = 100;

export interface EntryParts {
  readonly chain?: Chain;
  readonly action: string;
  readonly resource?: string;
  readonly resources?: readonly string[];
  readonly cause?: Json;
  readonly approval?: EntryDraft["approval"];
  readonly changes?: readonly { readonly kind: Kind; readonly id: string }[];
}

/** An entry of the control plane itself. */
export function serverEntry(
  kernel: Kernel,
  kind: EntryKind,
  parts: EntryParts,
): NonNullable<Commit["entries"]>[number] {
  const now = kernel.now();
  const draft: EntryDraft = {
    id: newId("ent", now, kernel.random),
    time: new Date(now).toISOString(),
    kind,
    chain: parts.chain ?? NO_CHAIN,
    agentProof: null,
    action: parts.action,
    resource: parts.resource ?? null,
    ...severalOf(parts),
    effect: null,
    argsCommitment: null,
    argsShown: null,
    decision: null,
    posture: null,
    risk: null,
    ...(parts.approval === undefined ? {} : { approval: parts.approval }),
    ...(parts.cause === undefined ? {} : { cause: parts.cause }),
  };
  return { point: kernel.pointId, draft, ...(parts.changes === undefined ? {} : { changes: parts.changes }) };
}

/** Records that one entry names: a leaf holds 60 KB. */
const NAMED_IN_ONE = 400;

/** As {@link serverEntry}: one entry, or several where the change names more records than a leaf holds. */
export function serverEntries(
  kernel: Kernel,
  kind: EntryKind,
  { changes, ...parts }: EntryParts & Required<Pick<EntryParts, "changes">>,
): readonly ReturnType<typeof serverEntry>[] {
  const count = Math.max(1, Math.ceil(changes.length / NAMED_IN_ONE));
  return Array.from({ length: count }, (_, at) => {
    const named = changes.slice(at * NAMED_IN_ONE, (at + 1) * NAMED_IN_ONE);
    return serverEntry(kernel, kind, { ...parts, changes: named });
  });
}

/** Names of the records that a put writes, for its entry. */
export function named(puts: readonly Put[]): { kind: Kind; id: string }[] {
  return puts.map(({ kind, id }) => ({ kind, id }));
}

export async function settingsOf(kernel: Kernel): Promise<Settings> {
  const record = await kernel.store.get("settings", "settings");
  if (record === null) throw new AppError("data.damaged", { detail: "the settings are missing from the database" });
  return record.terms;
}
