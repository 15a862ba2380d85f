import type { AgentView } from "@countersign/api";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronLeft, OctagonX } from "lucide-react";
import { type ReactElement, useState } from "react";
import { acts, agent } from "../../data/queries.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Grants } from "../../parts/grants.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { StopDialog } from "../../parts/stop-dialog.tsx";
import { useAgentSearch } from "../search.ts";
import { ActList } from "./act-list.tsx";
import { AgentActs } from "./agent-acts.tsx";
import { AgentFacts } from "./agent-facts.tsx";
import { AGENT_STATES } from "./agent-states.ts";
import { AgentMandates } from "./agent-mandates.tsx";
import { AgentTasks } from "./agent-tasks.tsx";
import { ChainView } from "./chain-view.tsx";

const VIEWS = [
  { view: "chain", name: "Chain of intent" },
  { view: "list", name: "Decisions" },
  { view: "tasks", name: "Tasks" },
  { view: "mandates", name: "Mandates" },
  { view: "about", name: "Grants" },
] as const;
type View = (typeof VIEWS)[number]["view"];

/** One agent: what it wanted, for whom, and what became of it. */
export function AgentPage(): ReactElement {
  const { id = "" } = useParams({ strict: false }) as { readonly id?: string };
  const { data, error, refetch } = useQuery(agent(id));
  const search = useAgentSearch();
  const view: View = VIEWS.find((known) => known.view === search.view)?.view ?? "chain";
  if (error !== null) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <PageHeader title="Agent" />;
  return (
    <>
      <Link to="/agents" className="back">
        <ChevronLeft className="icon" aria-hidden />
        Agents
      </Link>
      <AgentHeader agent={data} />
      <nav className="tabs" aria-label="Views of this agent">
        {VIEWS.map(({ view: other, name }) => (
          <Link key={other} to="." search={{ view: other }} replace aria-current={other === view ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      <ViewOfAgent agent={data} view={view} />
    </>
  );
}

function AgentHeader({ agent: data }: { readonly agent: AgentView }): ReactElement {
  const [severing, setSevering] = useState(false);
  return (
    <PageHeader
      title={
        <span className="title-line">
          <ShownText text={data.name} /> <StateBadge {...AGENT_STATES[data.status]} />
        </span>
      }
      lead={data.purpose === null ? "purpose erased" : <ShownText text={data.purpose} />}
    >
      <AgentActs agent={data} />
      {data.liveTasks > 0 && (
        <button type="button" className="button danger" onClick={() => setSevering(true)}>
          <OctagonX className="icon" aria-hidden />
          Sever
        </button>
      )}
      {severing && (
        <StopDialog
          kind="sever"
          scope={{ type: "agent", value: data.id }}
          title={`Sever ${data.name}`}
          onClose={() => setSevering(false)}
        >
          <p>
            Ends every task of <b>{data.name}</b> at once. It opens no other one until {data.owner?.name ?? "its owner"}{" "}
            signs.
          </p>
        </StopDialog>
      )}
    </PageHeader>
  );
}

function ViewOfAgent({ agent: data, view }: { readonly agent: AgentView; readonly view: View }): ReactElement {
  if (view === "tasks") return <AgentTasks agentId={data.id} />;
  if (view === "mandates") return <AgentMandates agentId={data.id} name={data.name} />;
  if (view === "chain" || view === "list") return <Intent agent={data} asList={view === "list"} />;
  return (
    <div className="about">
      <section className="card block-padded">
        <h2>May be granted to a task</h2>
        <Grants grants={data.grants} />
      </section>
      <section className="card block-padded">
        <h2>About</h2>
        <AgentFacts agent={data} />
      </section>
    </div>
  );
}

function Intent({ agent: data, asList }: { readonly agent: AgentView; readonly asList: boolean }): ReactElement {
  const reading = useInfiniteQuery(acts(data.id, null));
  const known = reading.data?.pages.flatMap((page) => page.acts) ?? [];
  if (reading.error !== null) {
    return <ProblemNotice error={reading.error} onRetry={() => void reading.refetch()} />;
  }
  if (!reading.isPending && known.length === 0) {
    return (
      <div className="card">
        <EmptyState
          why={{
            kind: "nothing-yet",
            title: "It has not acted yet",
            text: "Every action, allowed or not, appears here as it happens.",
          }}
        />
      </div>
    );
  }
  return (
    <>
      {asList ? <ActList acts={known} /> : <ChainView agent={data} acts={known} />}
      {reading.hasNextPage && (
        <button
          type="button"
          className="button more"
          disabled={reading.isFetchingNextPage}
          onClick={() => void reading.fetchNextPage()}
        >
          Show older ones
        </button>
      )}
    </>
  );
}
