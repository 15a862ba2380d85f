import type { Overview } from "@countersign/api";
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { overview } from "../../data/queries.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { DecisionChart } from "./decision-chart.tsx";
import { Figures } from "./figures.tsx";
import { LiveTasks } from "./live-tasks.tsx";
import { Points } from "./points.tsx";
import { verdict } from "./verdict.ts";
import { Waiting } from "./waiting.tsx";

/** Are agents under control right now? */
export function OverviewPage(): ReactElement {
  const { data, error, refetch } = useQuery(overview);
  if (error !== null && data === undefined) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <PageHeader title="Overview" />;
  return (
    <>
      <PageHeader {...verdict(data)} />
      {isNew(data) ? <FirstSteps /> : <Now data={data} />}
    </>
  );
}

function Now({ data }: { readonly data: Overview }): ReactElement {
  return (
    <div className="overview">
      <Figures overview={data} />
      <div className="overview-wide">
        <DecisionChart overview={data} />
        <LiveTasks />
      </div>
      <div className="overview-side">
        <Waiting />
        <Points points={data.points} />
      </div>
    </div>
  );
}

function isNew({ agentsActive, tasksLive, approvalsPending }: Overview): boolean {
  return agentsActive === 0 && tasksLive === 0 && approvalsPending === 0;
}

function FirstSteps(): ReactElement {
  return (
    <div className="card">
      <EmptyState
        why={{
          kind: "nothing-yet",
          title: "Put your agent under control",
          text: "Run this on the machine where the agent works. It finds the client's servers, enrols the machine, proposes the agent, and asks you for one passkey.",
          next: [
            {
              text: "Connect the client that you use: claude-code, cursor, codex, gemini, vscode, …",
              command: "countersign connect claude-code",
            },
            { text: "Look at the whole chain, and at what is missing", command: "countersign status" },
            {
              text: "Ask the agent to write a file: the call waits here until you sign it",
              command: "countersign approvals list",
            },
          ],
        }}
      />
    </div>
  );
}
