import {
  AppError,
  type Chain,
  type EntryId,
  type IntentId,
  type Json,
  type JsonObject,
  type PointId,
  type TaskId,
  isJsonObject,
} from "@countersign/core";
import type { ControlPlane } from "@countersign/enforce";
import type { Store } from "../../store/index.ts";
import { chain as isChain, readHold, readRecord, readRun } from "./bodies.ts";
import { assertShape, id, listOf, text } from "./check.ts";

/** What a call of a link works with: on behalf of one point, whose identity the link has proved. */
export interface CallContext {
  readonly point: PointId;
  readonly controlPlane: ControlPlane;
  readonly store: Store;
  /** The chains of tasks that were looked up: what they name never changes. */
  readonly chains: Map<TaskId, Chain>;
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
    for (const entry of request.entries) await assertChain(context, entry.chain);
    for (const { kind, intent } of request.entries)
      if (kind === "action.outcome" && intent !== undefined) await assertOwn(context, intent);
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
    await assertChain(context, request.chain);
    await assertChain(context, request.entry.chain);
    return await context.controlPlane.hold({ ...request, point: context.point });
  },
  denial: async (context, body) => await context.controlPlane.denial(...(await asked(context, "denial", body))),
  heldCall: async (context, body) => await context.controlPlane.heldCall(...(await asked(context, "heldCall", body))),
  brakeReason: async ({ controlPlane }, body) => {
    const { brake } = assertShape("brakeReason", body, { brake: id("brk") });
    return await controlPlane.brakeReason(brake as Parameters<ControlPlane["brakeReason"]>[0]);
  },
  secret: async ({ controlPlane, secrets }, body) => {
    const { name } = assertShape("secret", body, { name: text(200) });
    return (await secrets()) ? await controlPlane.secret(name as string) : null;
  },
  severTask: async (context, body) => {
    const { chain, brake } = assertShape("severTask", body, { chain: isChain, brake: id("brk") });
    await assertChain(context, chain as unknown as Chain);
    type Sever = Parameters<ControlPlane["severTask"]>;
    await context.controlPlane.severTask(chain as unknown as Sever[0], brake as Sever[1]);
    return null;
  },
  touch: async (context, body) => {
    const { chain } = assertShape("touch", body, { chain: isChain });
    await assertChain(context, chain as unknown as Chain);
    context.controlPlane.touch(chain as unknown as Chain);
    return null;
  },
};

/** Whether the entry is in the journal, by this point: then the transaction that was asked for is whole, for it has one. */
async function isRecorded({ store, point: own }: CallContext, entry: EntryId): Promise<boolean> {
  const stored = await store.entry(entry);
  return stored !== null && isJsonObject(stored.body) && stored.body["point"] === own;
}

type Asked = Parameters<ControlPlane["denial"]>;

async function asked(context: CallContext, what: string, body: JsonObject): Promise<Asked> {
  const read = assertShape(what, body, { approval, chain: isChain }) as Readonly<Record<string, Json>>;
  const chain = read["chain"] as unknown as Chain;
  await assertChain(context, chain);
  return [read["approval"] as Asked[0], chain];
}

/** INV-11: a point speaks for tasks as they are, or for nobody: it cannot put words into a chain that it makes up. */
async function assertChain({ store, chains }: CallContext, { human, device, agent, task }: Chain): Promise<void> {
  if (task === null) {
    if (human === null && device === null && agent === null) return;
    throw foreign();
  }
  const known = chains.get(task) ?? (await store.get("task", task))?.terms;
  if (known?.human !== human || known.device !== device || known.agent !== agent) throw foreign();
  if (chains.size >= MOST_TASKS) chains.clear();
  chains.set(task, { human, device, agent, task });
}

/** INV-11: nobody but the point that began an action says how it ended. */
async function assertOwn({ store, point: own }: CallContext, intent: IntentId): Promise<void> {
  const [begun] = await store.entries({ intent, kind: "action.intent", limit: 1 });
  if (begun !== undefined && (begun.body as JsonObject)["point"] !== own) throw foreign();
}

function foreign(): AppError {
  return new AppError("request.forbidden", { detail: "that is not of the task that the point names" });
}
