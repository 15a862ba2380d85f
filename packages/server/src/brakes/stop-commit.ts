import {
  type AgentId,
  type BrakeId,
  type BrakeScope,
  type Chain,
  type HumanId,
  type Sealed,
  type StateRecord,
  covers,
  isId,
} from "@countersign/core";
import { type Kernel, serverEntries, versionNow } from "../kernel.ts";
import { type Commit, type Put, type RecordFilter, withState } from "../store/index.ts";
import { type Scoped, scopeText } from "./scope.ts";

export interface StopRequest {
  readonly kind: "freeze" | "sever";
  readonly scope: BrakeScope;
  readonly reason: string;
  /** A human's id, `local`, or `countersign` itself. */
  readonly by: string;
}
type Task = StateRecord<"task">;
type Approval = StateRecord<"approval">;

/** A stop as it is committed: its record, what ends with it, and what must not have changed meanwhile. */
export async function stopCommit(
  kernel: Kernel,
  { id, request, at }: { readonly id: BrakeId; readonly request: StopRequest; readonly at: number },
  scoped: Scoped,
): Promise<Commit> {
  const severs = request.kind === "sever";
  // A task that opened meanwhile would escape a sever.
  const since = severs ? await versionNow(kernel) : 0;
  const [tasks, approvals] = await Promise.all([
    severs ? liveTasksIn(kernel, request.scope) : [],
    openApprovalsIn(kernel, request.scope),
  ]);
  const brake = await brakeRecord(kernel, { id, request, at }, { owner: scoped.owner, tasks });
  const ended = tasks.map((task) => withState(task, { ...task.state, status: "severed", cause: id }));
  const put = [brake, ...ended, ...voided(approvals, `a ${request.kind} stopped it`)];
  return {
    expect: [...tasks, ...approvals].map((r) => ({ kind: r.kind, id: r.id, version: r.version })),
    unchanged: severs ? [{ kind: "task", status: "live", ...columnsOf(request.scope).unchanged, since }] : [],
    put,
    entries: serverEntries(kernel, "brake", {
      action: `brake.${request.kind}`,
      resource: scopeText(request.scope),
      cause: { by: request.by },
      changes: put,
    }),
  };
}

/** The record of a stop. Its reason is about a person where one is meant, else about whoever made it. */
export async function brakeRecord(
  kernel: Kernel,
  { id, request, at }: { readonly id: BrakeId; readonly request: StopRequest; readonly at: number },
  { owner, tasks }: { readonly owner: HumanId | null; readonly tasks: readonly Task[] },
): Promise<Put & { readonly kind: "brake" }> {
  const { kind, scope, reason, by } = request;
  const person = owner ?? (isId("hum", by) ? by : null);
  return {
    kind: "brake",
    id,
    terms: {
      kind,
      scope,
      reason: person === null ? reason : await keptReason(kernel, person, reason),
      by,
      at: new Date(at).toISOString(),
      agents: agentsOf(scope, tasks),
    },
    state: { status: "active" },
    authority: null,
  };
}

/** INV-3: a stop does not fail because its words cannot be kept: the key of a person may have been erased. */
async function keptReason({ keys, log }: Kernel, person: HumanId, reason: string): Promise<Sealed | string> {
  try {
    return await keys.sealText(person, reason);
  } catch (error) {
    log.error({ err: error, person }, "the reason of a stop was not kept");
    return "(not kept)";
  }
}

/** Agents that the scope itself does not name: they lost a task and open none, from wherever, until the stop is lifted. */
function agentsOf({ type }: BrakeScope, severed: readonly Task[]): readonly AgentId[] {
  return type === "task" || type === "device" ? [...new Set(severed.flatMap((task) => task.terms.agent ?? []))] : [];
}

export function voided(approvals: readonly Approval[], cause: string): readonly Put[] {
  return approvals.map((approval) => withState(approval, { ...approval.state, status: "void", cause }));
}

/** Live tasks in a scope. A stop of a resource ends none: it covers what they touch. */
export async function liveTasksIn({ store }: Pick<Kernel, "store">, scope: BrakeScope): Promise<readonly Task[]> {
  if (scope.type === "resource") return [];
  const found =
    scope.type === "task"
      ? [(await store.get("task", scope.value)) ?? []].flat()
      : await store.find("task", { status: "live", ...columnsOf(scope).where });
  return found.filter((task) => task.state.status === "live" && covers(scope, chainOf(task), null));
}

/** An approval does not outlive a stop that covers it (design 5.2). */
export async function openApprovalsIn(
  { store }: Pick<Kernel, "store">,
  scope: BrakeScope,
): Promise<readonly Approval[]> {
  const { where } = columnsOf(scope);
  const open = await Promise.all(
    (["pending", "approved"] as const).map(async (status) => await store.find("approval", { status, ...where })),
  );
  return open
    .flat()
    .filter(({ terms }) => terms.subject === "call" && covers(scope, terms, terms.resources ?? terms.resource));
}

/** What the store narrows a scope to, in a list and in the test that a list is still whole. */
function columnsOf({ type, value }: BrakeScope): {
  readonly where: RecordFilter;
  readonly unchanged: { readonly agent?: string; readonly owner?: string };
} {
  switch (type) {
    case "agent":
      return { where: { agent: value }, unchanged: { agent: value } };
    case "owner":
      return { where: { owner: value }, unchanged: { owner: value } };
    case "device":
      return { where: { device: value }, unchanged: {} };
    case "task":
      return { where: { task: value }, unchanged: {} };
    case "all":
    case "resource":
      return { where: {}, unchanged: {} };
    default:
      return type satisfies never;
  }
}

const chainOf = ({ id, terms }: Task): Chain => ({
  human: terms.human,
  device: terms.device,
  agent: terms.agent,
  task: id,
});
