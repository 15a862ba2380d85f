import type { Kernel } from "../kernel.ts";
import { settingsOf } from "../kernel.ts";
import type { Check } from "../check.ts";
import { gatewaysOf } from "../tasks/index.ts";
import { type Asked, type PointStanding, isGone } from "../points/index.ts";
import type { PendingChange } from "../upstreams/index.ts";

/** What is known of the enforcement points. */
export interface PointsSource {
  standings(): readonly PointStanding[];
  /** What they said of themselves with their last renewals. */
  lastAsked(): Promise<ReadonlyMap<string, Partial<Asked>>>;
  /** The primary has not answered this server for as long as a lease lasts. */
  isDatabaseSilent(): boolean;
}

export interface StatusSource {
  readonly dataDir: string;
  readonly version: string;
  readonly points: PointsSource;
  /** The authorities of the installation's certificates. */
  readonly authority: { readonly authorities: readonly { readonly notAfter: number }[] };
  readonly pending: () => readonly PendingChange[];
  /** How many records outlived what is behind them (INV-10), at the last look. */
  readonly zombies: () => Promise<number>;
  /** Checks of other modules, for `doctor`. */
  readonly checks: () => readonly (() => Promise<readonly Check[]>)[];
}

/** One look at the installation, for `countersign status` and the start screen. */
export async function statusOf(kernel: Kernel, source: StatusSource): Promise<Record<string, unknown>> {
  const { store } = kernel;
  const settings = await settingsOf(kernel);
  const [humans, agents, tasks, approvals, brakes] = await Promise.all([
    store.find("human", { status: "active" }),
    store.find("agent", { status: "active" }),
    store.find("task", { status: "live" }),
    store.find("approval", { status: "pending" }),
    store.find("brake", { status: "active" }),
  ]);
  const leases = source.points
    .standings()
    // A gateway that fell silent is said by `doctor`; here it is about those that should act now.
    .filter((point) => point.lease !== "none" && !isGone(point))
    .map(({ name, lease, since }) => ({ name, valid: lease === "valid", lostSince: since }));
  const now = kernel.now();
  return {
    version: source.version,
    publicUrl: settings.publicUrl,
    gateway: (await gatewaysOf(kernel)).addresses[0] ?? null,
    dataDir: source.dataDir,
    setUp: (await store.get("root", "root")) !== null,
    people: humans.length,
    agents: agents.length,
    liveTasks: tasks.length,
    pendingApprovals: approvals.filter((a) => Date.parse(a.terms.expiresAt) > now).length,
    brakes: brakes.map(({ id, terms }) => ({ id, kind: terms.kind, scope: terms.scope, at: terms.at })),
    lease: { valid: leases.length > 0 && leases.every((l) => l.valid) },
    points: leases,
    pendingChanges: source.pending(),
  };
}
