import { type ReactElement, type ReactNode, type RefObject, useRef } from "react";
import { useKey } from "../shell/keys.ts";

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ReactNode;
  /** Left out where there is little room. */
  readonly wideOnly?: boolean;
  /** Fits its content. */
  readonly narrow?: boolean;
}

export interface ResourceTableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  /** What opens the row, for those who do not see the rest of it. */
  readonly nameOf: (row: T) => string;
  readonly columns: readonly Column<T>[];
  readonly opened: string | null;
  readonly onOpen: (id: string) => void;
}

/** Rows that open a panel: by a click, by Enter, by `j` and `k`. */
export function ResourceTable<T>(props: ResourceTableProps<T>): ReactElement {
  const { label, rows, columns, opened, idOf } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  useKey("j", () => move(props, body, 1));
  useKey("k", () => move(props, body, -1));
  return (
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ name, wideOnly, narrow }) => (
            <th key={name} scope="col" data-wide={wideOnly} data-narrow={narrow}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row) => (
          <Row key={idOf(row)} row={row} isOpen={idOf(row) === opened} {...props} />
        ))}
      </tbody>
    </table>
  );
}

type RowProps<T> = ResourceTableProps<T> & { readonly row: T; readonly isOpen: boolean };

function Row<T>({ row, isOpen, idOf, nameOf, columns, onOpen }: RowProps<T>): ReactElement {
  const id = idOf(row);
  return (
    <tr data-opened={isOpen ? "" : undefined} onClick={() => onOpen(id)}>
      {columns.map(({ name, cell, wideOnly, narrow }, index) => (
        <td key={name} data-wide={wideOnly} data-narrow={narrow}>
          {index === 0 && (
            <button
              type="button"
              className="row-open"
              data-id={id}
              aria-label={nameOf(row)}
              aria-expanded={isOpen}
              onClick={(event) => {
                event.stopPropagation();
                onOpen(id);
              }}
            />
          )}
          {cell(row)}
        </td>
      ))}
    </tr>
  );
}

/** Moves the focus by rows; while a panel is open it follows. */
function move<T>(
  { opened, onOpen }: ResourceTableProps<T>,
  body: RefObject<HTMLTableSectionElement | null>,
  by: 1 | -1,
): void {
  const buttons = [...(body.current?.querySelectorAll<HTMLButtonElement>(".row-open") ?? [])];
  const here = buttons.findIndex((button) => button === document.activeElement || button.dataset["id"] === opened);
  const next = buttons[here === -1 ? (by === 1 ? 0 : buttons.length - 1) : here + by];
  next?.focus();
  if (opened !== null && next?.dataset["id"] !== undefined) onOpen(next.dataset["id"]);
}
