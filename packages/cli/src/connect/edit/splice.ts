/** Replaces the characters from `from` up to `to`. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Applies splices that do not overlap; what they do not name stays as it is. */
export function splice(text: string, splices: readonly Splice[]): string {
  let out = text;
  for (const { from, to, text: next } of splices.toSorted((a, b) => b.from - a.from || b.to - a.to)) {
    out = out.slice(0, from) + next + out.slice(to);
  }
  return out;
}

/** The line end that the text uses. */
export function lineEndOf(text: string): "\n" | "\r\n" {
  return /\r?\n/.exec(text)?.[0] === "\r\n" ? "\r\n" : "\n";
}

/** Where the line of this offset begins. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Where the line of this offset ends: after its line end, or at the end of the text. */
export function afterLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end + 1;
}

/** Where the line of this offset ends, before its line end. */
export function lineStop(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  if (end === -1) return text.length;
  return text[end - 1] === "\r" ? Math.max(offset, end - 1) : end;
}

/** The white space that the line of this offset begins with. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? "";
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const start = lineStart(text, offset);
  return { line: text.slice(0, start).split("\n").length, column: offset - start + 1 };
}
