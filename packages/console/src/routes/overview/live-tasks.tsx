import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { tasks } from "../../data/queries.ts";
import { LastAction } from "../../parts/last-action.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { Skeletons } from "../../parts/skeletons.tsx";

const MOST = 5;

/** The busiest tasks. */
export function LiveTasks(): ReactElement | null {
  const { data } = useInfiniteQuery(tasks({ status: "live" }));
  const live = data?.pages.flatMap((page) => page.tasks) ?? [];
  const busiest = live.toSorted((a, b) => b.perMinute - a.perMinute || b.held - a.held).slice(0, MOST);
  return (
    <section className="card block" aria-labelledby="live">
      <header className="block-head">
        <h2 id="live">Live tasks</h2>
        {live.length > MOST && <Link to="/tasks">All {live.length}</Link>}
      </header>
      {data === undefined ? (
        <Skeletons label="live tasks" rows={3} />
      ) : busiest.length === 0 ? (
        <p className="block-empty">No task is live: no agent can do anything</p>
      ) : (
        <ul className="rows">
          {busiest.map(({ id, names, purpose, last, perMinute }) => (
            <li key={id}>
              <Link to="/tasks" search={{ id }} className="row-link task-row">
                <span className="two-lines">
                  <span className="cut">
                    <ShownText text={purpose ?? id} />
                  </span>
                  <span>{[names.agent, names.human, names.device].filter(Boolean).join(" · ")}</span>
                </span>
                <LastAction last={last} />
                <span className="number soft rate">{perMinute} / min</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
