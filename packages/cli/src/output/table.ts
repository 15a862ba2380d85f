import { visible } from "./visible-text.ts";

const GAP = "  ";

/**
 * Rows under their heads, aligned, as wide as their widest cell; no trailing spaces. Cells come from elsewhere, so control
 * characters are spelled out.
 */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return aligned([heads.map((head) => head.toUpperCase()), ...rows]);
}

/** Aligned columns without heads. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of cells) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}
