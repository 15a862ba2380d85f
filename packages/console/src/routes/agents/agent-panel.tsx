import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Waypoints } from "lucide-react";
import type { ReactElement } from "react";
import { agent } from "../../data/queries.ts";
import { Grants } from "../../parts/grants.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { PanelPart, SidePanel } from "../../parts/side-panel.tsx";
import { AgentActs } from "./agent-acts.tsx";
import { AgentFacts } from "./agent-facts.tsx";

/** An agent beside the list: who answers for it, what it may do; the whole chain is a page of its own. */
export function AgentPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const { data, error, refetch } = useQuery(agent(id));
  return (
    <SidePanel
      kind="Agent"
      title={<ShownText text={data?.name ?? "Agent"} />}
      onClose={onClose}
      acts={
        data === undefined ? undefined : (
          <>
            <Link className="button primary" to="/agents/$id" params={{ id }}>
              <Waypoints className="icon" aria-hidden />
              Chain of intent
            </Link>
            <AgentActs agent={data} />
          </>
        )
      }
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data !== undefined && (
        <>
          <PanelPart title="Purpose">
            <p>{data.purpose === null ? <span className="soft">erased</span> : <ShownText text={data.purpose} />}</p>
          </PanelPart>
          <PanelPart title="About">
            <AgentFacts agent={data} />
          </PanelPart>
          <PanelPart title="May be granted">
            <Grants grants={data.grants} />
          </PanelPart>
        </>
      )}
    </SidePanel>
  );
}
