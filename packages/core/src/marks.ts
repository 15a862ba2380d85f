export type MarkKind = "direction" | "invisible" | "control" | "lookalike";
/** A stretch of text as it is shown. `mark` says what is odd about it; then `text` carries the code point, e.g. `⟨U+202E⟩`. */
export interface Run {
  readonly text: string;
  readonly mark: MarkKind | "escape" | null;
}

const PLAIN = /^[\x20-\x7e]*$/;
const WORDS = /([\p{L}\p{M}\p{N}]+)/u;
const LETTERS = /\p{L}/gu;
const COMBINING = /\p{M}/u;
const MOST_COMBINING = 3;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const CONTROL = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
/** Brackets of the marks themselves, full-width and mathematical letters, and signs that pass for `/`, `.` and `:`. */
const IMITATION = /[\u27e8\u27e9\uff01-\uff5e\u2024\u2044\u2215\u2236\u29f8\ua789\u{1d400}-\u{1d7ff}]/u;
const ODD = new RegExp(
  [DIRECTION, CONTROL, INVISIBLE, IMITATION, /\p{M}{4}/u].map(({ source }) => source).join("|"),
  "u",
);

interface Alphabet {
  /** A letter of it. */
  readonly letter: RegExp;
  /** Text whose letters are all of it. */
  readonly only: RegExp;
}
const alphabet = (scripts: string): Alphabet => ({
  letter: new RegExp(`(?=\\p{L})[${scripts}]`, "u"),
  only: new RegExp(`^(?:[${scripts}]|\\P{L})*$`, "u"),
});
const EAST_ASIAN = "\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Bopo}";
const LATIN: Alphabet = { letter: alphabet("\\p{scx=Latn}").letter, only: alphabet(`\\p{scx=Latn}${EAST_ASIAN}`).only };
const OTHERS = ["Cyrl", "Grek", "Armn", "Cher", "Copt", "Lisu"].map((script) => alphabet(`\\p{scx=${script}}`));
/** Cyrillic and Greek letters that look the same as a Latin one. */
const TWINS = alphabet("аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅԀԚԜονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ");
const NONE: ReadonlySet<string> = new Set();

/**
 * Splits text into runs, so that nothing in it stays unseen or passes for something else: bidirectional controls, characters
 * without a glyph, controls, and letters that imitate those of the word around them (mixed scripts, UTS 39) are marked with their
 * code. Without the codes the runs joined are the text (`unmarked`).
 */
export function marked(text: string): readonly Run[] {
  if (PLAIN.test(text)) return text === "" ? [] : [{ text, mark: null }];
  const runs: Growing[] = [];
  const written = new Map<Alphabet, boolean>();
  let combining = 0;
  for (const [index, piece] of text.split(WORDS).entries()) {
    const foreign = index % 2 === 1 ? foreignLetters(piece, text, written) : NONE;
    if (foreign === NONE && !ODD.test(piece)) {
      append(runs, piece);
      continue;
    }
    for (const character of piece) {
      combining = COMBINING.test(character) ? combining + 1 : 0;
      const mark = foreign.has(character) ? "lookalike" : markOf(character, combining);
      if (mark !== null) runs.push({ text: (mark === "lookalike" ? character : "") + codeOf(character), mark });
      else append(runs, character);
    }
  }
  return runs;
}

/** What a reader must know before they believe their eyes: one clause a kind; empty when nothing is odd. */
export function warnings(runs: Iterable<Run>): readonly string[] {
  const count = { direction: 0, invisible: 0, control: 0, lookalike: 0 };
  for (const { mark } of runs) if (mark !== null && mark !== "escape") count[mark] += 1;
  const clauses: readonly (readonly [number, string, string])[] = [
    [count.direction, "changes the reading direction", "change the reading direction"],
    [count.invisible, "is invisible", "are invisible"],
    [count.control, "is a control character", "are control characters"],
    [count.lookalike, "imitates another character", "imitate other characters"],
  ];
  return clauses.filter(([times]) => times > 0).map(([times, one, many]) => `${times} ${times === 1 ? one : many}`);
}

type Growing = { -readonly [K in keyof Run]: Run[K] };

function append(runs: Growing[], text: string): void {
  const last = runs.at(-1);
  if (last?.mark === null) last.text += text;
  else if (text !== "") runs.push({ text, mark: null });
}

function markOf(character: string, combining: number): MarkKind | null {
  if (PLAIN.test(character)) return null;
  if (DIRECTION.test(character)) return "direction";
  if (CONTROL.test(character) || combining > MOST_COMBINING) return "control";
  if (INVISIBLE.test(character)) return "invisible";
  return IMITATION.test(character) ? "lookalike" : null;
}

function codeOf(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/**
 * Letters of a word that belong to another script than the word; or all letters of a word of twins, unless the text is really
 * written in that script. `written` remembers that, by alphabet.
 */
function foreignLetters(word: string, text: string, written: Map<Alphabet, boolean>): ReadonlySet<string> {
  if (PLAIN.test(word)) return NONE;
  const home = LATIN.letter.test(word) ? LATIN : OTHERS.find(({ letter }) => letter.test(word));
  if (home === undefined) return NONE;
  const letters = (): readonly string[] => word.match(LETTERS) ?? [];
  if (!home.only.test(word)) return new Set(letters().filter((letter) => !home.only.test(letter)));
  if (home === LATIN || !TWINS.only.test(word)) return NONE;
  const known =
    written.get(home) ??
    (text.match(LETTERS) ?? []).some((letter) => home.letter.test(letter) && !TWINS.letter.test(letter));
  written.set(home, known);
  return known ? NONE : new Set(letters());
}
