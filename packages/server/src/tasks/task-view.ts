import type { Paged, TaskView } from "@countersign/api";
import { type StateRecord, covers } from "@countersign/core";
import { type Activity, lastAction } from "../activity/index.ts";
import type { Kernel } from "../kernel.ts";
import { type ListQuery, listed } from "../listing.ts";
import { Names } from "../names.ts";
import type { RecordFilter } from "../store/index.ts";
import { chainOf } from "./tasks.ts";

type Task = StateRecord<"task">;
interface Sight {
  readonly kernel: Kernel;
  readonly activity: Activity;
}
interface Around {
  readonly names: Names;
  readonly brakes: readonly StateRecord<"brake">[];
}

/** One page of tasks with the names of their chains, what they did last, and how much they do. */
export async function taskPage(
  sight: Sight,
  query: ListQuery,
  where: Pick<RecordFilter, "status" | "agent">,
): Promise<Paged & { readonly tasks: readonly TaskView[] }> {
  const { records, next } = await listed(sight.kernel, "task", { where, query });
  const around = await aroundOf(sight.kernel);
  return { tasks: await Promise.all(records.map(async (task) => await viewOf(sight, task, around))), next };
}

export async function taskView(sight: Sight, task: Task): Promise<TaskView> {
  return await viewOf(sight, task, await aroundOf(sight.kernel));
}

async function aroundOf(kernel: Kernel): Promise<Around> {
  return { names: new Names(kernel), brakes: await kernel.store.find("brake", { status: "active" }) };
}

async function viewOf({ kernel, activity }: Sight, task: Task, { names, brakes }: Around): Promise<TaskView> {
  const { id, terms, state } = task;
  const chain = chainOf(task);
  const [known, last, held] = await Promise.all([
    names.chain(chain),
    lastAction(kernel.store, { task: id }),
    kernel.store.count("approval", { task: id, status: "pending" }),
  ]);
  return {
    id,
    agent: terms.agent,
    human: terms.human,
    device: terms.device,
    names: known,
    purpose: known.task,
    grants: terms.grants,
    openedAt: terms.openedAt,
    expiresAt: terms.expiresAt,
    status: state.status,
    cause: state.cause,
    executable: terms.runtime?.executable ?? null,
    last,
    perMinute: activity.perMinute(id),
    held,
    brakes: brakes.filter((brake) => covers(brake.terms.scope, chain, null)).map((brake) => brake.id),
  };
}
