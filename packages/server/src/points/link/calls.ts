import {
  AppError,
  type BrakeId,
  type Chain,
  type EntryId,
  type IntentId,
  type Json,
  type JsonObject,
  type LedgerEntry,
  NO_CHAIN,
  type PointId,
  type StateRecord,
  type TaskId,
  covers,
  isJsonObject,
} from "@countersign/core";
import type { ControlPlane, EntryDraft } from "@countersign/enforce";
import type { Store } from "../../store/index.ts";
import type { Interest } from "../interest.ts";
import { isChainOf, isSame } from "../servable.ts";
import { chain as isChain, readHold, readRecord, readRun } from "./bodies.ts";
import { assertShape, id, listOf, text } from "./check.ts";

/** What a call of a link works with: on behalf of one point, whose identity the link has proved. */
export interface CallContext {
  readonly point: PointId;
  readonly controlPlane: ControlPlane;
  readonly store: Store;
  /** What it was told, and so which tasks it serves. Null: it has not joined. */
  readonly interest: () => Interest | null;
  /** INV-9: whether this point gets secrets from the store. */
  readonly secrets: () => Promise<boolean>;
}

/** Performs one call. @throws AppError `link.malformed` for a body that is not that call's, else what the call is refused for */
type Call = (context: CallContext, body: JsonObject) => Promise<unknown>;

const MOST_TASKS = 10_000;
const point = id("ep");
const approval = id("apr");

/** Every call of a point that has joined, but for its lease and its identity. No row: nobody can. The link's identity stands for any that a body names. */
export const CALLS: Readonly<Record<string, Call>> = {
  learn: async ({ controlPlane, point: own }, body) => {
    const { task } = assertShape("learn", body, { point, task: id("tsk") });
    return await controlPlane.learn(own, task as TaskId);
  },
  forget: async ({ controlPlane, point: own }, body) => {
    const { tasks } = assertShape("forget", body, { point, tasks: listOf(MOST_TASKS, id("tsk")) });
    await controlPlane.forget(own, tasks as unknown as readonly TaskId[]);
    return null;
  },
  record: async (context, body) => {
    const { request, again } = readRecord(body);
    for (const entry of request.entries) await assertMayRecord(context, entry);
    if (request.consume !== undefined) {
      const known = await context.store.get("approval", request.consume.approval);
      if (known?.terms.task !== request.entries[0].chain.task) throw foreign();
    }
    const recorded = await context.controlPlane.record({ ...request, point: context.point });
    return !recorded.ok && again && (await isRecorded(context, request.entries[0].id)) ? { ok: true } : recorded;
  },
  merge: async ({ controlPlane, point: own }, body) => await controlPlane.merge({ ...readRun(body), point: own }),
  hold: async (context, body) => {
    const request = readHold(body);
    assertServed(context, request.chain);
    assertServed(context, request.entry.chain);
    return await context.controlPlane.hold({ ...request, point: context.point });
  },
  denial: async (context, body) => await context.controlPlane.denial(...asked(context, "denial", body)),
  heldCall: async (context, body) => await context.controlPlane.heldCall(...asked(context, "heldCall", body)),
  brakeReason: async (context, body) => {
    const { brake } = assertShape("brakeReason", body, { brake: id("brk") });
    const known = await context.store.get("brake", brake as BrakeId);
    // These words may be about a person: they are for those who are stopped.
    if (known !== null && context.interest()?.someChain((chain) => mayCover(known, chain)) !== true) return null;
    return await context.controlPlane.brakeReason(brake as BrakeId);
  },
  secret: async ({ controlPlane, secrets }, body) => {
    const { name } = assertShape("secret", body, { name: text(200) });
    return (await secrets()) ? await controlPlane.secret(name as string) : null;
  },
  severTask: async (context, body) => {
    const read = assertShape("severTask", body, { chain: isChain, brake: id("brk") });
    const chain = read["chain"] as unknown as Chain;
    const brake = read["brake"] as BrakeId;
    assertServed(context, chain);
    const known = await context.store.get("brake", brake);
    if (known?.state.status !== "active" || !mayCover(known, chain)) throw foreign();
    await context.controlPlane.severTask(chain, brake);
    return null;
  },
  touch: async (context, body) => {
    const chain = assertShape("touch", body, { chain: isChain })["chain"] as unknown as Chain;
    assertServed(context, chain);
    await Promise.resolve(context.controlPlane.touch(chain));
    return null;
  },
};

/** Whether tries of this chain can be against that stop. Which resource was tried is not known here. */
function mayCover({ terms: { scope } }: StateRecord<"brake">, chain: Chain): boolean {
  return scope.type === "resource" || covers(scope, chain, null);
}

/** Whether the entry is in the journal, by this point: then the transaction that was asked for is whole, for it has one. */
async function isRecorded({ store, point: own }: CallContext, entry: EntryId): Promise<boolean> {
  const stored = await store.entry(entry);
  return stored !== null && isJsonObject(stored.body) && stored.body["point"] === own;
}

type Asked = Parameters<ControlPlane["denial"]>;

function asked(context: CallContext, what: string, body: JsonObject): Asked {
  const read = assertShape(what, body, { approval, chain: isChain }) as Readonly<Record<string, Json>>;
  const chain = read["chain"] as unknown as Chain;
  assertServed(context, chain);
  return [read["approval"] as Asked[0], chain];
}

/**
 * INV-11: a point speaks for the tasks that it serves, or for nobody: it cannot put words into another chain. Whoever has stolen it reads,
 * stops and records nothing of tasks that it was not told of.
 */
function assertServed({ interest }: CallContext, chain: Chain): void {
  const known = chain.task === null ? NO_CHAIN : interest()?.chainOf(chain.task);
  if (known === undefined || !isSame(known, chain)) throw foreign();
}

/** What a point may make durable of a task that it does not serve: that it refused its credential, and how an action of its own ended. */
async function assertMayRecord(context: CallContext, entry: EntryDraft): Promise<void> {
  const { kind, chain, intent, decision } = entry;
  const begun = kind === "action.outcome" && intent !== undefined ? await begunBy(context, intent) : null;
  if (begun !== null && isSame(begun, chain)) return;
  const isRefusal = kind === "decision" && decision?.result === "deny";
  const known = isRefusal && chain.task !== null ? await context.store.get("task", chain.task) : null;
  if (known === null) return assertServed(context, chain);
  if (!isChainOf(chain, known)) throw foreign();
}

/** INV-11: nobody but the point that began an action says how it ended. Answers for whom it was begun; null when that is not known. */
async function begunBy({ store, point: own }: CallContext, intent: IntentId): Promise<Chain | null> {
  const [stored] = await store.entries({ intent, kind: "action.intent", limit: 1 });
  if (stored === undefined) return null;
  const { point: begunAt, chain } = stored.body as unknown as LedgerEntry;
  if (begunAt !== own) throw foreign();
  return chain;
}

function foreign(): AppError {
  return new AppError("request.forbidden", { detail: "that is not of a task that this point serves" });
}
