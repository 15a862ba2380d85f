import { marked } from "./marks.ts";
import { type Part, RowBuilder } from "./row-builder.ts";

/** Characters of the content that one part shows. */
const PART_CHARACTERS = 4000;
/** Objects and lists up to this many characters stay on one line; longer lists fill their lines up to it. */
const SHORT = 40;
/** Longer content is not laid out in lines: it stays one text, so that hostile arguments cannot grow into endless markup. */
const MOST_LAID_OUT = 262_144;
const ESCAPE = /(\\(?:u[0-9a-fA-F]{4}|.))/s;
const HARMLESS_ESCAPE = /^\\["\\/nrt]$/;
const PLAIN = /[^"{}[\],]+/y;

/**
 * Lays out canonical JSON text in lines and cuts it into parts of about `size` characters. It only adds line breaks and marks:
 * keys, strings and numbers stay as they stand in the text, in their order, and nothing is left out. Text that is not JSON comes
 * out the same way, as it is.
 */
export function partsOf(content: string, size: number = PART_CHARACTERS): readonly Part[] {
  const rows = new RowBuilder(size);
  if (content.length > MOST_LAID_OUT) for (const run of marked(content)) rows.put("plain", run);
  else layOut(rows, content);
  return rows.finish();
}

function layOut(rows: RowBuilder, content: string): void {
  /** What is open around the place: null for what stays on one line. */
  const open: (string | null)[] = [];
  for (let at = 0; at < content.length;) {
    const end = endOfToken(content, at);
    const token = content.slice(at, end);
    const inline = open.at(-1) === null;
    if (token === "{" || token === "[") open.push(putOpening(rows, token, inline || isShort(content, at)));
    else if (token === "}" || token === "]") putClosing(rows, token, open.pop() ?? null);
    else if (token === ",") putComma(rows, open.at(-1) ?? null, isShort(content, end));
    else putText(rows, token);
    at = end;
  }
}

/** Returns what is open now: the bracket, or null when its content stays on this line. */
function putOpening(rows: RowBuilder, token: string, short: boolean): string | null {
  rows.put("plain", { text: token, mark: null });
  if (short) return null;
  rows.depth += 1;
  rows.breakLine();
  return token;
}

function putClosing(rows: RowBuilder, token: string, opening: string | null): void {
  if (opening !== null) {
    rows.depth -= 1;
    rows.breakLine();
  }
  rows.put("plain", { text: token, mark: null });
}

/** Members of an object stand on lines of their own; short elements of a list fill a line. */
function putComma(rows: RowBuilder, opening: string | null, shortNext: boolean): void {
  rows.put("plain", { text: ",", mark: null });
  if (opening === "{" || (opening === "[" && (rows.rowLength > SHORT || !shortNext))) rows.breakLine();
}

function putText(rows: RowBuilder, token: string): void {
  if (!token.startsWith('"')) {
    for (const run of marked(token)) rows.put("plain", run);
    return;
  }
  const kind = token.endsWith(":") ? "key" : "string";
  const pieces = token.split(ESCAPE);
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) for (const run of marked(piece)) rows.put(kind, run);
    else rows.put(kind, { text: piece, mark: HARMLESS_ESCAPE.test(piece) ? "escape" : "control" });
    if (kind === "string" && index % 2 === 1 && endsLine(pieces, index)) rows.breakLine(true);
  }
}

/** The last of the line feeds that stand together ends a line. */
function endsLine(pieces: readonly string[], index: number): boolean {
  return pieces[index] === "\\n" && !(pieces[index + 1] === "" && pieces[index + 2] === "\\n");
}

/** End of the string, key with its colon, bracket, comma or other stretch that begins there. */
function endOfToken(content: string, start: number): number {
  if (content[start] !== '"') {
    PLAIN.lastIndex = start;
    return start + (PLAIN.exec(content)?.[0].length ?? 1);
  }
  let end = start + 1;
  while (end < content.length && content[end] !== '"') end += content[end] === "\\" ? 2 : 1;
  return Math.min(content[end + 1] === ":" ? end + 2 : end + 1, content.length);
}

/** True when the value that begins there ends within one line's length. */
function isShort(content: string, start: number): boolean {
  let depth = 0;
  for (let at = start; at - start <= SHORT && at < content.length;) {
    const end = endOfToken(content, at);
    const token = content[at];
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
    if (depth <= 0) return end - start <= SHORT;
    at = end;
  }
  return false;
}
