import type { PointView } from "@countersign/api";
import type { ReactElement } from "react";
import { LeaseBadge } from "../../parts/lease-badge.tsx";

/** Where decisions are enforced, and whether the lease holds. */
export function Points({ points }: { readonly points: readonly PointView[] }): ReactElement {
  return (
    <section className="card block" aria-labelledby="points">
      <header className="block-head">
        <h2 id="points">Enforcement points</h2>
      </header>
      <ul className="rows plain">
        {points.map(({ id, name, lease }) => (
          <li key={id} className="point-row">
            <span>{name}</span>
            <LeaseBadge lease={lease} />
          </li>
        ))}
        {points.length === 0 && <li className="block-empty">None is connected: nothing passes</li>}
      </ul>
    </section>
  );
}
