import type { AgentView } from "@countersign/api";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { agents } from "../../data/queries.ts";
import type { Emptiness } from "../../parts/empty-state.tsx";
import { LastAction } from "../../parts/last-action.tsx";
import { useListAddress } from "../../parts/list-search.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { type Choice, ResourceList } from "../../parts/resource-list.tsx";
import type { Column } from "../../parts/resource-table.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { useStateSearch } from "../search.ts";
import { AgentPanel } from "./agent-panel.tsx";
import { AGENT_STATES } from "./agent-states.ts";

const CHOICES: readonly Choice[] = [
  { value: "all", name: "All" },
  { value: "active", name: "Active" },
  { value: "suspended", name: "Suspended" },
  { value: "retired", name: "Retired" },
];

const COLUMNS: readonly Column<AgentView>[] = [
  {
    name: "Agent",
    cell: ({ name, purpose }) => (
      <span className="two-lines">
        <span>
          <ShownText text={name} />
        </span>
        <span className="cut">{purpose === null ? "purpose erased" : <ShownText text={purpose} />}</span>
      </span>
    ),
  },
  { name: "Owner", wideOnly: true, cell: ({ owner }) => owner?.name ?? <span className="soft">nobody</span> },
  { name: "Last action", wideOnly: true, cell: ({ last }) => <LastAction last={last} /> },
  {
    name: "Live",
    narrow: true,
    wideOnly: true,
    cell: ({ id, liveTasks }) =>
      liveTasks === 0 ? (
        <span className="soft">no task</span>
      ) : (
        <Link to="/tasks" search={{ q: id }} onClick={(event) => event.stopPropagation()}>
          {liveTasks} {liveTasks === 1 ? "task" : "tasks"}
        </Link>
      ),
  },
  { name: "State", narrow: true, cell: ({ status }) => <StateBadge {...AGENT_STATES[status]} /> },
];

/** Every registered agent: whose it is, what it is for, what it did last. */
export function AgentsPage(): ReactElement {
  const search = useStateSearch();
  const address = useListAddress(search);
  const state = CHOICES.find(({ value }) => value === search.state)?.value ?? "all";
  const reading = useInfiniteQuery(agents(state === "all" ? null : state));
  const rows = reading.data?.pages.flatMap((page) => page.agents) ?? [];
  return (
    <>
      <PageHeader title="Agents" lead="Each has one accountable owner, a purpose, a scope and an end." />
      <ResourceList
        label="Agents"
        rows={rows}
        columns={COLUMNS}
        idOf={({ id }) => id}
        nameOf={({ name }) => name}
        textOf={({ id, name, purpose, owner }) => [id, name, purpose, owner?.name].join(" ")}
        reading={reading}
        search={search}
        choices={CHOICES}
        empty={emptiness(state)}
        panel={search.id === undefined ? null : <AgentPanel key={search.id} id={search.id} onClose={address.onClose} />}
        {...address}
      />
    </>
  );
}

function emptiness(state: string): Emptiness {
  if (state !== "all")
    return { kind: "nothing-yet", title: `No agent is ${state}`, text: "Choose another state above." };
  return {
    kind: "nothing-yet",
    title: "No agent is registered yet",
    text: "Connecting a client proposes its agent; your passkey registers it.",
    next: [
      { text: "Connect the client that you use", command: "countersign connect claude-code" },
      {
        text: "Or register an agent by hand",
        command: "countersign agent create NAME --owner me --purpose TEXT --grant 'mcp:files/*@**' --expires 30d",
      },
    ],
  };
}
