import type { Overview, PointView } from "@countersign/api";
import { isAskedByAnybody } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import { standings } from "../points/index.ts";
import type { Activity } from "./activity.ts";

const MOST_PENDING = 2000;
const MOST_POINTS = 2000;

/** The figures of the console's first page: counts of the store and of what was counted as it happened. */
export async function overviewOf({ store, now, points }: Kernel, activity: Activity): Promise<Overview> {
  const [agentsActive, tasksLive, brakes, pending, records] = await Promise.all([
    store.count("agent", { status: "active" }),
    store.count("task", { status: "live" }),
    store.count("brake", { status: "active" }),
    store.find("approval", { status: "pending", limit: MOST_PENDING }),
    store.find("point", { limit: MOST_POINTS }),
  ]);
  const waiting = pending.filter(({ terms }) => !isAskedByAnybody(terms) && Date.parse(terms.expiresAt) > now());
  const hour = activity.lastHour();
  return {
    agentsActive,
    tasksLive,
    brakes,
    approvalsPending: waiting.length,
    callsHeld: waiting.filter(({ terms }) => terms.subject === "call").length,
    deniedLastHour: hour.minutes.reduce((sum, { deny }) => sum + deny, 0),
    points: standings({ records, connected: points.all(), now: now() }).map(
      ({ id, name, lease, since }): PointView => ({ id, name, lease, lostSince: since }),
    ),
    ...hour,
  };
}
