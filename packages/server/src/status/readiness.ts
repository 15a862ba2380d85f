import { isGone } from "../points/index.ts";
import type { PointsSource } from "./status.ts";

/** What `/readyz` says. */
export interface Readiness {
  readonly ready: boolean;
  /** Points without the lease that they should hold: they deny everything. */
  readonly leaseLost: readonly string[];
  /** Gateways that fell silent and whose last lease is over. Somebody must look after them; this server is ready all the same. */
  readonly silent: readonly string[];
  /** `silent`: the primary has not answered for as long as a lease lasts. */
  readonly database: "answers" | "silent";
}

/** Whether this server does what it is there for. Asks nothing of the database. */
export function readiness(points: PointsSource): Readiness {
  const lost = points.standings().filter(({ lease }) => lease === "lost");
  const leaseLost = lost.filter((point) => !isGone(point)).map(({ name }) => name);
  const silent = lost.filter(isGone).map(({ name }) => name);
  const database = points.isDatabaseSilent() ? "silent" : "answers";
  return { ready: leaseLost.length === 0 && database === "answers", leaseLost, silent, database };
}
