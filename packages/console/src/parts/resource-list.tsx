import { Search } from "lucide-react";
import { type ReactElement, type ReactNode, useRef } from "react";
import { useKey } from "../shell/keys.ts";
import { type Emptiness, EmptyState } from "./empty-state.tsx";
import { ProblemNotice } from "./problem-notice.tsx";
import { Skeletons } from "./skeletons.tsx";
import { ResourceTable, type ResourceTableProps } from "./resource-table.tsx";

/** One of the states that a list can be narrowed to. */
export interface Choice {
  readonly value: string;
  readonly name: string;
}

export interface Reading {
  readonly isPending: boolean;
  readonly error: unknown;
  readonly refetch: () => unknown;
  readonly hasNextPage?: boolean;
  readonly isFetchingNextPage?: boolean;
  readonly fetchNextPage?: () => unknown;
}

export interface ResourceListProps<T> extends Omit<ResourceTableProps<T>, "opened"> {
  readonly reading: Reading;
  /** Text of a row that the filter looks at; without it the rows are those that were asked for. */
  readonly textOf?: (row: T) => string;
  /** What the filter takes. */
  readonly placeholder?: string;
  /** What is said between filter and rows. */
  readonly note?: ReactNode;
  readonly search: { readonly q?: string; readonly id?: string; readonly state?: string };
  readonly onSearch: (change: { readonly q?: string; readonly state?: string }) => void;
  readonly choices?: readonly Choice[];
  readonly empty: Emptiness;
  /** The panel of the row that is open. */
  readonly panel: ReactNode;
}

/** A list as every page has it: filter, states, table, panel beside it. */
export function ResourceList<T>(props: ResourceListProps<T>): ReactElement {
  const { rows, textOf, search, reading, onSearch, panel } = props;
  const wanted = search.q?.toLowerCase() ?? "";
  const shown =
    wanted === "" || textOf === undefined ? rows : rows.filter((row) => textOf(row).toLowerCase().includes(wanted));
  return (
    <div className="list-page" data-opened={panel === null ? undefined : ""}>
      <div className="list-side">
        <ListBar {...props} />
        {props.note}
        <div className="card list-card">
          {reading.error !== null ? (
            <ProblemNotice error={reading.error} onRetry={() => reading.refetch()} />
          ) : reading.isPending ? (
            <Skeletons label={props.label} />
          ) : shown.length > 0 ? (
            <ResourceTable {...props} rows={shown} opened={search.id ?? null} />
          ) : (
            <EmptyState
              why={rows.length > 0 ? { kind: "no-match", onClear: () => onSearch({ q: "" }) } : props.empty}
            />
          )}
        </div>
        {reading.hasNextPage === true && (
          <button
            type="button"
            className="button more"
            disabled={reading.isFetchingNextPage}
            onClick={() => reading.fetchNextPage?.()}
          >
            Show older ones
          </button>
        )}
      </div>
      {panel}
    </div>
  );
}

function ListBar<T>({ label, search, onSearch, choices, placeholder = "Filter" }: ResourceListProps<T>): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  useKey("/", () => input.current?.focus());
  return (
    <div className="list-bar">
      <label className="filter">
        <Search className="icon" aria-hidden />
        <span className="unseen">Filter {label.toLowerCase()}</span>
        <input
          ref={input}
          className="input"
          type="search"
          placeholder={placeholder}
          value={search.q ?? ""}
          onChange={(event) => onSearch({ q: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
          }}
        />
        <kbd aria-hidden>/</kbd>
      </label>
      {choices !== undefined && (
        <fieldset className="choices">
          <legend className="unseen">State</legend>
          {choices.map(({ value, name }) => (
            <button
              key={value}
              type="button"
              aria-pressed={value === (search.state ?? choices[0]?.value)}
              onClick={() => onSearch({ state: value })}
            >
              {name}
            </button>
          ))}
        </fieldset>
      )}
    </div>
  );
}
