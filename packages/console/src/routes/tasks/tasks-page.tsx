import type { TaskView } from "@countersign/api";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { tasks } from "../../data/queries.ts";
import type { Emptiness } from "../../parts/empty-state.tsx";
import { LastAction } from "../../parts/last-action.tsx";
import { useListAddress } from "../../parts/list-search.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { type Choice, ResourceList } from "../../parts/resource-list.tsx";
import type { Column } from "../../parts/resource-table.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { When } from "../../parts/when.tsx";
import { useStateSearch } from "../search.ts";
import { TaskPanel } from "./task-panel.tsx";
import { TASK_STATES } from "./task-states.ts";

const CHOICES: readonly Choice[] = [
  { value: "live", name: "Live" },
  { value: "severed", name: "Severed" },
  { value: "ended", name: "Ended" },
];

const COLUMNS: readonly Column<TaskView>[] = [
  {
    name: "Task",
    cell: ({ names, purpose, id }) => (
      <span className="two-lines">
        <span className="cut">
          <ShownText text={purpose ?? id} />
        </span>
        <span>{[names.agent, names.human, names.device].filter(Boolean).join(" · ")}</span>
      </span>
    ),
  },
  { name: "Last action", wideOnly: true, cell: ({ last }) => <LastAction last={last} /> },
  {
    name: "Rate",
    narrow: true,
    cell: ({ perMinute, held }) => (
      <span className="two-lines number">
        <span>{perMinute} / min</span>
        <span>{held > 0 ? `${held} held` : "none held"}</span>
      </span>
    ),
  },
  {
    name: "State",
    narrow: true,
    cell: ({ status, expiresAt }) => (
      <span className="two-lines">
        <StateBadge {...TASK_STATES[status]} />
        {status === "live" && (
          <span>
            ends <When at={expiresAt} />
          </span>
        )}
      </span>
    ),
  },
];

/** One row for each task: who, what, how fast; with the way to stop it. */
export function TasksPage(): ReactElement {
  const search = useStateSearch();
  const address = useListAddress(search);
  const status = CHOICES.find(({ value }) => value === search.state)?.value ?? "live";
  const reading = useInfiniteQuery(tasks({ status }));
  const rows = reading.data?.pages.flatMap((page) => page.tasks) ?? [];
  return (
    <>
      <PageHeader
        title="Live tasks"
        lead="The only thing that carries rights. Each has a person, a device, a purpose and an end."
      />
      <ResourceList
        label="Tasks"
        rows={rows}
        columns={COLUMNS}
        idOf={({ id }) => id}
        nameOf={({ names, purpose }) => `${names.agent ?? "agent"}: ${purpose ?? "task"}`}
        textOf={({ id, agent, names, purpose, last }) =>
          [id, agent, purpose, names.agent, names.human, names.device, last?.action].join(" ")
        }
        reading={reading}
        search={search}
        choices={CHOICES}
        empty={emptiness(status)}
        panel={search.id === undefined ? null : <TaskPanel key={search.id} id={search.id} onClose={address.onClose} />}
        {...address}
      />
    </>
  );
}

function emptiness(status: string): Emptiness {
  if (status !== "live")
    return { kind: "nothing-yet", title: "None so far", text: `Tasks that were ${status} appear here.` };
  return {
    kind: "nothing-yet",
    title: "No task is live",
    text: "An agent without a task can do nothing. A task opens when a connected client starts.",
    next: [
      { text: "Connect the client that you use", command: "countersign connect claude-code" },
      { text: "Or open a task by hand", command: "countersign task open --agent NAME --purpose TEXT" },
    ],
  };
}
