import type { DoubleQuotedChild, Word, WordPart } from "unbash";

/** One word of a command as far as it is known before the shell runs. */
export interface ShellWord {
  /**
   * `plain`: the shell hands over exactly `value`. `pattern`: it hands over any number of words that begin with `value`.
   * `dynamic`: anything, even several words.
   */
  readonly kind: "plain" | "pattern" | "dynamic";
  readonly value: string;
  /** Whatever it is, it is one word: a quoted expansion. */
  readonly isOneWord: boolean;
  /** What a human sees: the value, quoted where needed, else the source. */
  readonly shown: string;
}

/** A word with exactly this value. */
export function plain(value: string): ShellWord {
  return { kind: "plain", value, isOneWord: true, shown: quoted(value) };
}

/** A word that stands for anything below a folder; `folder` ends in `/`. */
export function below(folder: string): ShellWord {
  return { kind: "pattern", value: folder, isOneWord: false, shown: `${folder}**` };
}

/** A word of which nothing is known. */
export function anything(shown: string): ShellWord {
  return { kind: "dynamic", value: "", isOneWord: false, shown };
}

/** What is known of a word. `home` stands for an unquoted `~` at its start. */
export function shellWord(word: Word, home: string): ShellWord {
  const pieces = (word.parts ?? [word]).map(pieceOf);
  const dynamic: ShellWord = { ...anything(word.text), isOneWord: isQuoted(word) };
  const firstPattern = pieces.findIndex(({ kind }) => kind === "pattern");
  if (pieces.some(({ kind }) => kind === "dynamic") || isTildeInside(pieces)) return dynamic;
  const start = tilde(pieces[0], home);
  if (start === null) return dynamic;
  const values = [start, ...pieces.slice(1).map(({ value }) => value)];
  if (firstPattern === -1) return plain(values.join(""));
  const value = values.slice(0, firstPattern).join("");
  return leavesFolder(word.text, value) ? dynamic : { kind: "pattern", value, isOneWord: false, shown: word.text };
}

/** A list in quotes (`"$@"`, `"${a[@]}"`) may be several words or none. */
function isQuoted({ parts }: Word): boolean {
  const quoted = parts?.every(({ type }) => type === "DoubleQuoted" || type === "SingleQuoted") === true;
  return quoted && parts.every((part) => part.type !== "DoubleQuoted" || part.parts.every(isNoList));
}

function isNoList(part: DoubleQuotedChild): boolean {
  if (part.type === "SimpleExpansion") return part.text !== "$@";
  return part.type !== "ParameterExpansion" || !/[@!]/.test(part.text);
}

interface Piece {
  readonly kind: "plain" | "pattern" | "dynamic";
  readonly value: string;
  /** Its source if it stands there unquoted. */
  readonly bare: string | null;
}

const DYNAMIC: Piece = { kind: "dynamic", value: "", bare: null };
/** `\'` ends the quote in shells that do not know `$'…'`; what else is escaped is read differently from shell to shell. */
const SAME_EVERYWHERE = /^\$'(?:[^\\']|\\[\\ntr]|\\x[2-7][0-9a-fA-F](?![0-9a-fA-F])|\\1[0-7]{2}|\\0[4-7][0-7])*'$/;

function pieceOf(part: WordPart | Word): Piece {
  switch (part.type) {
    case "Word":
    case "Literal":
      return { kind: "plain", value: part.value, bare: part.text };
    case "SingleQuoted":
      return { kind: "plain", value: part.value, bare: null };
    case "AnsiCQuoted":
      return SAME_EVERYWHERE.test(part.text) ? { kind: "plain", value: part.value, bare: null } : DYNAMIC;
    case "DoubleQuoted":
      return part.parts.every(({ type }) => type === "Literal")
        ? { kind: "plain", value: part.parts.map((p) => (p.type === "Literal" ? p.value : "")).join(""), bare: null }
        : DYNAMIC;
    case "Glob":
    case "BraceExpansion":
      return part.text.includes("$") || part.text.includes("`") ? DYNAMIC : { kind: "pattern", value: "", bare: null };
    case "ArithmeticExpansion":
    case "CommandExpansion":
    case "ExtendedGlob":
    case "LocaleString":
    case "ParameterExpansion":
    case "ProcessSubstitution":
    case "SimpleExpansion":
      return DYNAMIC;
    default:
      part satisfies never;
      return DYNAMIC;
  }
}

/** `~user`, `~+` and `~"x"` depend on the shell; `=name` is a program's path in zsh. */
function tilde(piece: Piece | undefined, home: string): string | null {
  if (piece === undefined) return "";
  if (piece.bare === null) return piece.value;
  if (piece.bare.startsWith("=")) return null;
  if (!piece.bare.startsWith("~")) return piece.value;
  return /^~(?:\/|$)/.test(piece.bare) ? home + piece.value.slice(1) : null;
}

/** After `=` or `:` some shells expand a tilde, others do not. */
function isTildeInside(pieces: readonly Piece[]): boolean {
  const [first] = pieces;
  if (first?.bare === "~" && pieces.length > 1) return true;
  return (
    pieces.some(({ bare }) => bare !== null && /[=:]~/.test(bare)) ||
    (/[=:]$/.test(first?.bare ?? "") && (pieces[1]?.bare ?? "").startsWith("~"))
  );
}

/**
 * True when names that a pattern makes could lie elsewhere than below the folder that it begins with: braces at the very start, or any dot
 * that could be part of a `..`, also one that braces put together. A dot is harmless beside a letter of its own segment.
 */
function leavesFolder(source: string, start: string): boolean {
  const rest = source.slice(Math.max(0, source.search(/[*?[{]/)));
  if (start === "" && rest.startsWith("{")) return true;
  const folder = start.slice(start.lastIndexOf("/") + 1);
  const dots = `${folder}${rest}`.replaceAll(/\{\w+\.\.\w+\}/g, "0");
  return /["'\\]/.test(rest) || /(?<![\w*-])\.(?![\w-])/.test(dots);
}

/** A value as one would type it. */
export function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
