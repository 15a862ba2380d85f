import type { AgentView } from "@countersign/api";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { CopyId } from "../../parts/copy-id.tsx";
import { Facts } from "../../parts/facts.tsx";
import { LastAction } from "../../parts/last-action.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { When } from "../../parts/when.tsx";
import { AGENT_STATES } from "./agent-states.ts";

export function AgentFacts({ agent }: { readonly agent: AgentView }): ReactElement {
  const { id, owner, status, brakes, liveTasks, last, expiresAt, executables } = agent;
  return (
    <Facts
      rows={[
        ["State", <StateBadge key="s" {...AGENT_STATES[status]} />],
        ["Owner", owner?.name ?? "nobody"],
        [
          "Brakes",
          brakes.length === 0 ? "none covers it" : <Link key="b" to="/freeze">{`${brakes.length} in force`}</Link>,
        ],
        [
          "Live tasks",
          liveTasks === 0 ? "none" : <Link key="t" to="/tasks" search={{ q: id }}>{`${liveTasks} live`}</Link>,
        ],
        ["Last action", <LastAction key="l" last={last} />],
        ["Ends", <When key="w" at={expiresAt} />],
        ["Programs", executables.length === 0 ? "none has acted yet" : `${executables.length} known`],
        ["Agent", <CopyId key="i" id={id} />],
      ]}
    />
  );
}
