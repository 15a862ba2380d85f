import type { ApprovalView } from "@countersign/api";
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useNow } from "../../data/now.ts";
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
import { withdrawnWords } from "./withdrawn-words.ts";

const MOVES_MS = 15_000;
const CHOICES: readonly Choice[] = [
  { value: "pending", name: "Waiting" },
  { value: "consumed", name: "Carried out" },
  { value: "denied", name: "Denied" },
  { value: "void", name: "Withdrawn" },
  { value: "expired", name: "Expired" },
  { value: "all", name: "All" },
];

const COLUMNS: readonly Column<ApprovalView>[] = [
  {
    name: "What is asked",
    cell: (approval) => (
      <span className="two-lines">
        <span className="cut sentence">
          <ShownText text={approval.display.sentence} />
        </span>
        <span>
          <ShownText text={withdrawnWords(approval) ?? behind(approval)} />
        </span>
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

function behind({ display: { agent, human, device } }: ApprovalView): string {
  return [agent?.name, human?.name, device?.name].filter(Boolean).join(" · ");
}

/** The inbox: what waits for a signature, and how it ended. */
export function ApprovalsPage(): ReactElement {
  const search = useStateSearch();
  const address = useListAddress(search);
  const state = CHOICES.find(({ value }) => value === search.state)?.value ?? "pending";
  const reading = useQuery(approvals(state === "all" ? null : (state as ApprovalState)));
  const withdrawn = useQuery({ ...approvals("void"), enabled: state === "pending" }).data ?? [];
  const now = useNow(MOVES_MS);
  // What was withdrawn does not vanish from under the reader: it stays until its time would have been over.
  const gone = state === "pending" ? withdrawn.filter(({ expiresAt }) => Date.parse(expiresAt) > now) : [];
  const rows = [...(reading.data ?? []), ...gone];
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
