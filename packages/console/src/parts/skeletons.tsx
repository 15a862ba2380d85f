import type { ReactElement } from "react";

const ROWS = [1, 2, 3, 4, 5, 6];

/** What a list looks like before it is there: it says nothing about what will be. */
export function Skeletons({
  label,
  rows = ROWS.length,
}: {
  readonly label: string;
  readonly rows?: number;
}): ReactElement {
  return (
    <output className="skeletons" aria-label={`Reading ${label.toLowerCase()}`}>
      {ROWS.slice(0, rows).map((row) => (
        <div key={row} className="skeleton" />
      ))}
    </output>
  );
}
