import { type Asked, MOST_SKEW_MS, type PointStanding, isGone } from "../points/index.ts";
import { type Check, failed, passed, warned } from "../check.ts";

type Points = readonly PointStanding[];
type AllAsked = ReadonlyMap<string, Partial<Asked>>;

/** From here on a clock is said to be off; from {@link MOST_SKEW_MS} on its point is refused. */
const SKEW_MS = 5000;

/** Who holds a lease, who should and does not, and who left. */
export function leases(points: Points): Check {
  const name = "leases";
  const lost = points.filter(({ lease }) => lease === "lost");
  const gone = lost.filter(isGone);
  const denying = lost.filter((point) => !isGone(point));
  const said = lost.map((point) => `${point.name} (${point.status}, silent since ${point.since ?? "its start"})`);
  if (denying.length > 0)
    return failed(name, `no lease: ${said.join(", ")}`, "look at the log; a point without a lease denies everything");
  if (gone.length > 0)
    return warned(
      name,
      `fell silent and did not come back: ${said.join(", ")}`,
      `start it again, or \`countersign gateway remove ${gone[0]?.name ?? ""}\`; what its spool holds is not in the ledger yet`,
    );
  const count = (lease: PointStanding["lease"]): number => points.filter((point) => point.lease === lease).length;
  const left = count("none") === 0 ? "" : `; ${String(count("none"))} left in order`;
  return passed(name, `${counted(count("valid"))} with a lease${left}`);
}

/** Whether what points were told is applied where they enforce it. */
export function versions(points: Points, asked: AllAsked): Check {
  const name = "versions";
  const behind = points.flatMap((point) => {
    const { applied, told } = asked.get(point.id) ?? {};
    if (point.lease !== "valid" || applied === undefined || told === undefined || applied >= told) return [];
    return [`${point.name} has applied ${String(applied)} of ${String(told)}`];
  });
  if (behind.length === 0) return passed(name, "every point has applied what it was told");
  return warned(name, behind.join(", "), "ask again; a point that stays behind loses its lease: look at its log");
}

/** A point that saw a later state of the database than there is now is refused until somebody decides what is true. */
export function generations({
  points,
  asked,
  generation,
}: {
  readonly points: Points;
  readonly asked: AllAsked;
  readonly generation: number;
}): Check {
  const name = "generations";
  const ahead = points.filter(({ id }) => (asked.get(id)?.generation ?? 0) > generation);
  if (ahead.length === 0)
    return passed(name, `the database is at generation ${String(generation)}, and no point saw a later one`);
  return failed(
    name,
    `the database is at generation ${String(generation)}, and a later one was seen by ${ahead.map((point) => point.name).join(", ")}`,
    "this database was deposed or restored from a copy: bring back the one that is newer",
  );
}

/** By how much the clocks of points differ from that of the server that they asked last. */
export function clocks(points: Points, asked: AllAsked): Check {
  const name = "clocks";
  const known = points.flatMap((point) => {
    const skewMs = asked.get(point.id)?.skewMs;
    return skewMs === undefined ? [] : [{ name: point.name, skewMs }];
  });
  const off = known.filter(({ skewMs }) => Math.abs(skewMs) > SKEW_MS);
  const said = off.map((point) => `${point.name} is ${ahead(point.skewMs)}`).join(", ");
  const next = "set the clocks right; beyond a minute a point is refused and denies everything";
  if (off.some(({ skewMs }) => Math.abs(skewMs) > MOST_SKEW_MS)) return failed(name, said, next);
  if (off.length > 0) return warned(name, said, next);
  const most = Math.max(0, ...known.map(({ skewMs }) => Math.abs(skewMs)));
  return passed(name, `the clocks of ${counted(known.length)} agree within ${String(Math.ceil(most))} ms`);
}

function ahead(skewMs: number): string {
  return `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? "ahead" : "behind"}`;
}

function counted(count: number): string {
  return `${String(count)} point${count === 1 ? "" : "s"}`;
}
