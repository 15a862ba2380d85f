import { AppError, type BrakeId, type DeviceId, type StateRecord } from "@countersign/core";
import { type BegunStop, type Brakes, brakeRecord, liveTasksIn, openApprovalsIn, voided } from "../brakes/index.ts";
import { type Kernel, retried, serverEntries, serverEntry, startChange, versionNow } from "../kernel.ts";
import { type Commit, type Put, withState } from "../store/index.ts";

/** Which device is lost, why it is thought so, and who says it: a human's id, or `local`. */
export interface Loss {
  readonly device: DeviceId;
  readonly reason: string;
  readonly by: string;
}

/**
 * A device is lost, for good: its tasks, sessions and mandates end in the same transaction, and whatever acts from it is stopped. Tightening:
 * it needs no signature. Resolves when that is durable; the receipt follows when every point has confirmed it (INV-3).
 * @throws AppError `request.not_found`, `request.conflict` when it was lost or retired before
 */
export async function loseDevice(kernel: Kernel, brakes: Brakes, loss: Loss): Promise<BegunStop> {
  const { reason, by } = loss;
  const scope = { type: "device", value: loss.device } as const;
  const stop = { ...brakes.next(), request: { kind: "sever", scope, reason, by } } as const;
  return await retried(async () => {
    const since = await versionNow(kernel);
    const device = await activeDevice(kernel, loss.device);
    const { store } = kernel;
    const [tasks, approvals, sessions, mandates] = await Promise.all([
      liveTasksIn(kernel, scope),
      openApprovalsIn(kernel, scope),
      store.find("session", { device: device.id, status: "active" }),
      store.find("mandate", { device: device.id, status: "active" }),
    ]);
    const brake = await brakeRecord(kernel, stop, { owner: device.terms.owner, tasks });
    const was = [device, ...tasks, ...sessions, ...mandates, ...approvals];
    const put = [
      withState(device, { status: "lost" }),
      ...tasks.map((task) => withState(task, { ...task.state, status: "severed", cause: stop.id })),
      ...sessions.map((session) => withState(session, { status: "ended" })),
      ...mandates.map((mandate) => withState(mandate, { ...mandate.state, status: "revoked" })),
      ...voided(approvals, "the device was lost"),
    ];
    const expect = was.map(({ kind, id, version }) => ({ kind, id, version }));
    const commit = { expect, unchanged: wholeSince(device, since), put: [brake, ...put] };
    const entries = entriesOf(kernel, { device, put, brake, id: stop.id, by });
    return brakes.settle(brake, await startChange(kernel, { ...commit, entries }));
  });
}

async function activeDevice({ store }: Kernel, id: DeviceId): Promise<StateRecord<"device">> {
  const device = await store.get("device", id);
  if (device === null) throw new AppError("request.not_found", { detail: `there is no device \`${id.slice(0, 40)}\`` });
  if (device.state.status !== "active")
    throw new AppError("request.conflict", { detail: `the device is ${device.state.status} already` });
  return device;
}

/** INV-10: nothing opens on a device while it is being lost. All that stands on it is its owner's. */
function wholeSince({ terms: { owner } }: StateRecord<"device">, since: number): NonNullable<Commit["unchanged"]> {
  return [
    { kind: "task", status: "live", owner, since },
    { kind: "session", status: "active", owner, since },
    { kind: "mandate", status: "active", owner, since },
  ];
}

interface Said {
  readonly device: StateRecord<"device">;
  readonly put: readonly Put[];
  readonly brake: Put;
  readonly id: BrakeId;
  readonly by: string;
}

function entriesOf(kernel: Kernel, { device, put, brake, id, by }: Said): NonNullable<Commit["entries"]> {
  const chain = { human: device.terms.owner, device: device.id, agent: null, task: null };
  const severed = { action: "brake.sever", resource: `device:${device.id}`, chain, cause: { by }, changes: [brake] };
  const lost = { action: "device.lost", resource: device.id, chain, cause: { by, brake: id }, changes: put };
  return [serverEntry(kernel, "brake", severed), ...serverEntries(kernel, "device", lost)];
}
