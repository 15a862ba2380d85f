import type { BrakeView } from "@countersign/api";
import { useInfiniteQuery } from "@tanstack/react-query";
import { LoaderCircle, Snowflake } from "lucide-react";
import type { ReactElement } from "react";
import { allBrakes } from "../../data/queries.ts";
import type { Emptiness } from "../../parts/empty-state.tsx";
import { useListAddress } from "../../parts/list-search.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { type Choice, ResourceList } from "../../parts/resource-list.tsx";
import type { Column } from "../../parts/resource-table.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { When } from "../../parts/when.tsx";
import { useStateSearch } from "../search.ts";
import { BrakePanel } from "./brake-panel.tsx";
import { brakeWords, byWords } from "./brake-words.ts";

const CHOICES: readonly Choice[] = [
  { value: "active", name: "In force" },
  { value: "all", name: "All" },
];

const COLUMNS: readonly Column<BrakeView>[] = [
  {
    name: "Stop",
    cell: (brake) => (
      <span className="two-lines">
        <span>
          <ShownText text={brakeWords(brake)} />
        </span>
        <span className="cut">{brake.reason === null ? "reason erased" : <ShownText text={brake.reason} />}</span>
      </span>
    ),
  },
  {
    name: "By",
    wideOnly: true,
    cell: (brake) => (
      <span className="two-lines">
        <span>{byWords(brake)}</span>
        <When at={brake.at} />
      </span>
    ),
  },
  {
    name: "Confirmed",
    narrow: true,
    wideOnly: true,
    cell: ({ points }) => (
      <span className="number">
        {points.filter(({ how }) => how !== null).length} of {points.length}
      </span>
    ),
  },
  { name: "State", narrow: true, cell: (brake) => <BrakeState brake={brake} /> },
];

export function BrakeState({ brake: { state, progress } }: { readonly brake: BrakeView }): ReactElement {
  if (state === "thawed") return <StateBadge tone="quiet" word="lifted" />;
  return progress === "stopping" ? (
    <StateBadge tone="warn" word="stopping" icon={LoaderCircle} />
  ) : (
    <StateBadge tone="accent" word="in force" icon={Snowflake} />
  );
}

/** Every stop: what it reaches, who pulled it, which points have confirmed it, and the way to lift it. */
export function FreezePage(): ReactElement {
  const search = useStateSearch();
  const address = useListAddress(search);
  const state = search.state === "all" ? "all" : "active";
  const reading = useInfiniteQuery(allBrakes(state));
  const rows = reading.data?.pages.flatMap((page) => page.brakes) ?? [];
  return (
    <>
      <PageHeader
        title="Freeze"
        lead="Stopping needs no passkey and counts only when every enforcement point has confirmed it. Lifting a stop is signed."
      />
      <ResourceList
        label="Stops"
        rows={rows}
        columns={COLUMNS}
        idOf={({ id }) => id}
        nameOf={brakeWords}
        textOf={(brake) => [brake.id, brakeWords(brake), brake.reason, byWords(brake)].join(" ")}
        reading={reading}
        search={search}
        choices={CHOICES}
        empty={EMPTY[state]}
        panel={search.id === undefined ? null : <BrakePanel key={search.id} id={search.id} onClose={address.onClose} />}
        {...address}
      />
    </>
  );
}

const EMPTY: Readonly<Record<"active" | "all", Emptiness>> = {
  active: {
    kind: "all-done",
    title: "No stop is in force",
    text: "Press Freeze at the top of any page, or f, when something looks wrong.",
  },
  all: {
    kind: "nothing-yet",
    title: "Nothing was stopped so far",
    text: "Every freeze and every sever appears here with its receipt.",
    next: [{ text: "From a terminal", command: 'countersign freeze --all --reason "code freeze"' }],
  },
};
