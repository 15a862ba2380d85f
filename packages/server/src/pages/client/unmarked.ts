const MARK = /(.)?⟨U\+([0-9A-F]+)⟩/gsu;

/** The text behind what is shown: every mark is the character it names; an imitation stands before its own mark. */
export function unmarked(shown: string): string {
  return shown.replace(MARK, (_, before: string | undefined, code: string) => {
    const character = String.fromCodePoint(Number.parseInt(code, 16));
    return before === undefined || before === character ? character : before + character;
  });
}
