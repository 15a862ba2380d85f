import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheckBig } from "lucide-react";
import type { ReactElement } from "react";
import { approvals } from "../../data/queries.ts";
import { EffectBadge } from "../../parts/effect-badge.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { Skeletons } from "../../parts/skeletons.tsx";
import { Countdown } from "../../parts/when.tsx";

const MOST = 4;

/** What waits for a person, soonest end first. */
export function Waiting(): ReactElement {
  const { data } = useQuery(approvals("pending"));
  const waiting = (data ?? []).toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt));
  return (
    <section className="card block" aria-labelledby="waiting">
      <header className="block-head">
        <h2 id="waiting">Waits for a person</h2>
        {waiting.length > MOST && <Link to="/approvals">All {waiting.length}</Link>}
      </header>
      {data === undefined ? (
        <Skeletons label="what waits" rows={3} />
      ) : waiting.length === 0 ? (
        <p className="block-empty">
          <CircleCheckBig className="icon" aria-hidden />
          Nothing waits
        </p>
      ) : (
        <ul className="rows">
          {waiting.slice(0, MOST).map(({ id, display, expiresAt }) => (
            <li key={id}>
              <Link to="/approvals" search={{ id }} className="row-link">
                <span className="cut three sentence">
                  <ShownText text={display.sentence} />
                </span>
                <span className="row-meta">
                  <EffectBadge effect={display.effect} />
                  <span className="soft">
                    <Countdown until={expiresAt} /> left
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
