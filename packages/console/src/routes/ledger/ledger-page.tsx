import type { EntryPage, Understood } from "@countersign/api";
import { ENTRY_KINDS } from "@countersign/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { entries } from "../../data/queries.ts";
import type { Emptiness } from "../../parts/empty-state.tsx";
import { useListAddress } from "../../parts/list-search.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { type Choice, ResourceList } from "../../parts/resource-list.tsx";
import type { Column } from "../../parts/resource-table.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { When } from "../../parts/when.tsx";
import { useStateSearch } from "../search.ts";
import { EntryPanel } from "./entry-panel.tsx";
import { EntryResult } from "./entry-result.tsx";
import { answeredBy, byWhom, entryWords } from "./entry-words.ts";

const TYPING_MS = 200;
const CHOICES: readonly Choice[] = [
  { value: "all", name: "All" },
  { value: "action.intent", name: "Actions" },
  { value: "decision", name: "Held and denied" },
  { value: "approval", name: "Approvals" },
  { value: "brake", name: "Stops" },
  { value: "identity", name: "Identity" },
];

type Row = EntryPage["entries"][number] & { readonly names: Readonly<Record<string, string>> };

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "Entry",
    cell: ({ body, names }) => {
      const { title, isName, about } = entryWords(body, names);
      return (
        <span className="two-lines">
          <span className={isName ? "mono" : undefined}>
            <ShownText text={title} />
          </span>
          <span className="cut mono">{about !== null && about !== title && <ShownText text={about} />}</span>
        </span>
      );
    },
  },
  { name: "Behind it", wideOnly: true, cell: (row) => <Behind {...row} /> },
  { name: "Result", narrow: true, cell: ({ body }) => <EntryResult entry={body} /> },
  { name: "When", narrow: true, wideOnly: true, cell: ({ body }) => <When at={body.time} /> },
  {
    name: "Number",
    narrow: true,
    wideOnly: true,
    cell: ({ index }) => <span className="number soft">{index}</span>,
  },
];

function Behind({ body, names }: Row): ReactElement {
  const { agent, human, device } = body.chain;
  const name = (id: string | null): string | null => (id === null ? null : (names[id] ?? id));
  const answerer = answeredBy(body, names);
  const first = answerer ?? name(agent) ?? byWhom(body, names);
  if (first === null) return <span className="soft">the control plane</span>;
  return (
    <span className="two-lines">
      <span>
        <ShownText text={first} />
      </span>
      {agent !== null && (
        <span>
          <ShownText
            text={[answerer === null ? null : name(agent), name(human), name(device)].filter(Boolean).join(" · ")}
          />
        </span>
      )}
    </span>
  );
}

/** Everything that was recorded, newest first; any entry can be verified by this browser. */
export function LedgerPage(): ReactElement {
  const search = useStateSearch();
  const address = useListAddress(search);
  const kind = ENTRY_KINDS.find((one) => one === search.state) ?? null;
  const [q] = useDebouncedValue(search.q ?? null, TYPING_MS);
  const reading = useInfiniteQuery({ ...entries({ q, kind }), placeholderData: keepPreviousData });
  const pages = reading.data?.pages ?? [];
  const rows = pages.flatMap((page) => page.entries.map((entry) => ({ ...entry, names: page.names ?? {} })));
  const first = pages[0];
  return (
    <>
      <PageHeader
        title="Ledger"
        lead={`${first === undefined ? "" : `${first.size.toLocaleString()} entries. `}It only grows, and nobody has to believe it: open an entry, and this browser proves it.`}
      />
      <ResourceList
        label="Entries"
        placeholder="An id, a hash, a person, an agent, a resource"
        note={understoodWords(first?.understood, q)}
        rows={rows}
        columns={COLUMNS}
        idOf={({ body }) => body.id}
        nameOf={({ index, body, names }) => `${String(index)}: ${entryWords(body, names).title}`}
        reading={reading}
        search={search}
        choices={CHOICES}
        empty={emptiness(q, () => address.onSearch({ q: "" }))}
        panel={search.id === undefined ? null : <EntryPanel key={search.id} id={search.id} onClose={address.onClose} />}
        {...address}
      />
    </>
  );
}

const AS: Readonly<Record<Exclude<Understood["as"], "nothing">, string>> = {
  id: "Entries with the id",
  index: "The entry with the number",
  hash: "The entry with the hash",
  agent: "Entries of the agent",
  task: "Entries of the task",
  human: "Entries of",
  device: "Entries from the device",
  record: "Entries about",
  resource: "Entries that touch",
};

/** How the search was read: a pattern or a person may have been meant. */
function understoodWords(understood: Understood | undefined, q: string | null): ReactElement | null {
  if (understood === undefined || understood.as === "nothing" || q === null) return null;
  const { as, value, name } = understood;
  return (
    <p className="small soft">
      {AS[as]} <b className={name === null ? "mono" : undefined}>{name ?? value}</b>
    </p>
  );
}

function emptiness(q: string | null, onClear: () => void): Emptiness {
  if (q !== null) return { kind: "no-match", onClear };
  return {
    kind: "nothing-yet",
    title: "No such entry yet",
    text: "Every decision, signature, stop and change appears here the moment it is recorded.",
  };
}
