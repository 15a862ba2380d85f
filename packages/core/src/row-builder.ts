import type { Run } from "./marks.ts";

export interface Token {
  readonly kind: "key" | "string" | "plain";
  readonly runs: readonly Run[];
}
/** One line as it is shown. `inString`: it goes on with a string that began on an earlier line. */
export interface Row {
  readonly depth: number;
  readonly inString: boolean;
  readonly tokens: readonly Token[];
}
export type Part = readonly Row[];

const LONGEST_RUN = 500;

/** Collects runs into tokens, rows and parts; a part ends where the next run would not fit. */
export class RowBuilder {
  depth = 0;
  readonly #size: number;
  readonly #parts: Row[][] = [];
  #rows: Row[] = [];
  #tokens: { readonly kind: Token["kind"]; readonly runs: { text: string; readonly mark: Run["mark"] }[] }[] = [];
  #inString = false;
  #rowDepth = 0;
  #rowLength = 0;
  #used = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Characters in the line so far. */
  get rowLength(): number {
    return this.#rowLength;
  }

  put(kind: Token["kind"], run: Run): void {
    const pieces = run.mark === null ? shortPieces(run.text, Math.min(LONGEST_RUN, this.#size)) : [run.text];
    for (const text of pieces) {
      if (this.#used > 0 && this.#used + text.length > this.#size) this.#breakPart(kind);
      this.#used += text.length;
      this.#rowLength += text.length;
      const token = this.#tokens.at(-1);
      const last = token?.kind === kind ? token.runs.at(-1) : undefined;
      if (last?.mark === run.mark) last.text += text;
      else if (last !== undefined) token?.runs.push({ text, mark: run.mark });
      else this.#tokens.push({ kind, runs: [{ text, mark: run.mark }] });
    }
  }

  breakLine(inString = false): void {
    if (this.#tokens.length > 0) {
      this.#rows.push({ depth: this.#rowDepth, inString: this.#inString, tokens: this.#tokens });
    }
    this.#tokens = [];
    this.#inString = inString;
    this.#rowDepth = this.depth;
    this.#rowLength = 0;
  }

  finish(): readonly Part[] {
    this.breakLine();
    if (this.#rows.length > 0) this.#parts.push(this.#rows);
    return this.#parts;
  }

  #breakPart(kind: Token["kind"]): void {
    const cut = kind === "string" && this.#tokens.at(-1)?.kind === kind;
    const depth = this.#rowDepth;
    this.breakLine(this.#inString || cut);
    this.#rowDepth = depth;
    this.#parts.push(this.#rows);
    this.#rows = [];
    this.#used = 0;
  }
}

/** Pieces of at most `length` characters; a surrogate pair stays whole. */
function shortPieces(text: string, length: number): readonly string[] {
  if (text.length <= length) return [text];
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + Math.max(length, 2), text.length);
    if (to < text.length && /[\ud800-\udbff]/.test(text.charAt(to - 1))) to -= 1;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}
