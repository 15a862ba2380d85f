import type { ApprovalView } from "@countersign/api";
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type ApprovalState, approvals } from "../../data/queries.ts";
import { EffectBadge } from "../../parts/effect-badge.tsx";
import type { Emptiness } from "../../parts/empty-state.tsx";
import { useListAddress } from "../../parts/list-search.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { type Choice, ResourceList } from "../../parts/resource-list.tsx";
import type { Column } from "../../parts/resource-table.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { APPROVAL_STATES, StateBadge } from "../../parts/state-badge.tsx";
import { Countdown } from "../../parts/when.tsx";
import { useStateSearch } from "../search.ts";
import { ApprovalPanel } from "./approval-panel.tsx";

const CHOICES: readonly Choice[] = [
  { value: "pending", name: "Waiting" },
  { value: "consumed", name: "Carried out" },
  { value: "denied", name: "Denied" },
  { value: "all", name: "All" },
];

const COLUMNS: readonly Column<ApprovalView>[] = [
  {
    name: "What is asked",
    cell: ({ display }) => (
      <span className="two-lines">
        <span className="cut">
          <ShownText text={display.sentence} />
        </span>
        <span>{[display.agent?.name, display.human?.name, display.device?.name].filter(Boolean).join(" · ")}</span>
      </span>
    ),
  },
  { name: "Effect", narrow: true, wideOnly: true, cell: ({ display }) => <EffectBadge effect={display.effect} /> },
  {
    name: "State",
    narrow: true,
    cell: ({ state, tooFast }) => (
      <span className="badge-line">
        <StateBadge {...APPROVAL_STATES[state]} />
        {tooFast && <StateBadge tone="warn" word="too fast" />}
      </span>
    ),
  },
  {
    name: "Time left",
    narrow: true,
    wideOnly: true,
    cell: ({ state, expiresAt }) =>
      state === "pending" ? <Countdown until={expiresAt} /> : <span className="soft">–</span>,
  },
];

/** The inbox: what waits for a signature, and how it ended. */
export function ApprovalsPage(): ReactElement {
  const search = useStateSearch();
  const address = useListAddress(search);
  const state = CHOICES.find(({ value }) => value === search.state)?.value ?? "pending";
  const reading = useQuery(approvals(state === "all" ? null : (state as ApprovalState)));
  const rows = reading.data ?? [];
  return (
    <>
      <PageHeader title="Approvals" lead="What waits for a person. Nothing here passes by itself; a time-out denies." />
      <ResourceList
        label="Approvals"
        rows={rows}
        columns={COLUMNS}
        idOf={({ id }) => id}
        nameOf={({ display }) => display.sentence}
        textOf={({ id, display }) =>
          [id, display.sentence, display.action, display.resource, display.agent?.name, display.human?.name].join(" ")
        }
        reading={reading}
        search={search}
        choices={CHOICES}
        empty={emptiness(state)}
        panel={
          search.id === undefined ? null : <ApprovalPanel key={search.id} id={search.id} onClose={address.onClose} />
        }
        {...address}
      />
    </>
  );
}

function emptiness(state: string): Emptiness {
  if (state === "pending") {
    return {
      kind: "all-done",
      title: "Nothing waits for you",
      text: "Held calls and proposed changes appear here by themselves.",
    };
  }
  return { kind: "nothing-yet", title: "None so far", text: "Answered approvals stay here, as they were signed." };
}
