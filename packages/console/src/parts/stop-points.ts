import type { StopPoint } from "@countersign/api";

/** Points that are named one by one. */
const MOST_NAMED = 12;

/** Of many points those that need to be seen, by name: whoever is waited for or stayed silent, then what was cut, then the slowest. */
export interface NamedPoints {
  readonly named: readonly StopPoint[];
  /** How many more have confirmed with nothing in flight to tell of. */
  readonly confirmed: number;
  /** How many more are waited for. */
  readonly waiting: number;
}

export function namedPoints(points: readonly StopPoint[]): NamedPoints {
  if (points.length <= MOST_NAMED) return { named: points, confirmed: 0, waiting: 0 };
  const named = points.toSorted((a, b) => rank(a) - rank(b) || late(b) - late(a)).slice(0, MOST_NAMED);
  const rest = points.filter((point) => !named.includes(point));
  const waiting = rest.filter(({ how }) => how === null).length;
  return { named, confirmed: rest.length - waiting, waiting };
}

function rank({ how, inFlight }: StopPoint): number {
  if (how === null) return 0;
  if (how === "lease_expired") return 1;
  return inFlight.length > 0 ? 2 : 3;
}

function late({ at }: StopPoint): number {
  return at === null ? 0 : Date.parse(at);
}
