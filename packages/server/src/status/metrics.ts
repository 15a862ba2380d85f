import { Gauge, Registry } from "prom-client";
import type { Kernel } from "../kernel.ts";
import type { StatusSource } from "./status.ts";

/** What `/metrics` tells: read from the state when it is asked for, so it is never stale. */
export function buildMetrics(kernel: Kernel, source: StatusSource): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => Promise<number>): void => {
    const metric: Gauge = new Gauge({
      name: `countersign_${name}`,
      help,
      registers: [registry],
      collect: async () => metric.set(await read()),
    });
  };
  const count = async (kind: "task" | "approval" | "brake" | "agent", status: string): Promise<number> =>
    await kernel.store.count(kind, { status });
  gauge("tasks_live", "tasks that are live", async () => await count("task", "live"));
  gauge("approvals_pending", "approvals that wait for a human", async () => await count("approval", "pending"));
  gauge("brakes_active", "stops in force", async () => await count("brake", "active"));
  gauge("agents_active", "agents that may open tasks", async () => await count("agent", "active"));
  gauge(
    "zombies",
    "what is in force with a dead human, device or agent behind it, as of the last half minute: must be 0",
    async () => await source.zombies(),
  );
  gauge(
    "leases_valid",
    "enforcement points with a valid lease",
    async () => await Promise.resolve(source.points.standings().filter(({ lease }) => lease === "valid").length),
  );
  gauge(
    "points",
    "enforcement points that should hold a lease",
    async () => await Promise.resolve(source.points.standings().filter(({ lease }) => lease !== "none").length),
  );
  return registry;
}
