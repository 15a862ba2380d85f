import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { tasks } from "../../data/queries.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { LastAction } from "../../parts/last-action.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { Skeletons } from "../../parts/skeletons.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { When } from "../../parts/when.tsx";
import { TASK_STATES } from "../tasks/task-states.ts";

/** Tasks of one agent, in every state. */
export function AgentTasks({ agentId }: { readonly agentId: string }): ReactElement {
  const reading = useInfiniteQuery(tasks({ status: null, agent: agentId }));
  const rows = reading.data?.pages.flatMap((page) => page.tasks) ?? [];
  if (reading.error !== null) return <ProblemNotice error={reading.error} onRetry={() => void reading.refetch()} />;
  if (reading.isPending) return <Skeletons label="tasks" />;
  if (rows.length === 0) {
    return (
      <div className="card">
        <EmptyState
          why={{ kind: "nothing-yet", title: "No task yet", text: "A task opens when the agent's client starts." }}
        />
      </div>
    );
  }
  return (
    <ul className="card rows agent-tasks">
      {rows.map(({ id, purpose, names, status, last, openedAt }) => (
        <li key={id}>
          <Link to="/tasks" search={{ id, state: status }} className="row-link task-row">
            <span className="two-lines">
              <span className="cut">
                <ShownText text={purpose ?? id} />
              </span>
              <span>
                {[names.human, names.device].filter(Boolean).join(" · ")} · opened <When at={openedAt} />
              </span>
            </span>
            <LastAction last={last} />
            <span className="rate">
              <StateBadge {...TASK_STATES[status]} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
