const ODD = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A person's words for a reader that takes everything at its word: one line of at most `most` characters. Control, format and separator
 * characters are written as `\u{…}`; what is too long ends in `…`.
 */
export function plainText(text: string, most: number): string {
  const escaped = text.trim().replaceAll(ODD, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  const characters = Array.from(escaped);
  return characters.length <= most ? escaped : `${characters.slice(0, most - 1).join("")}…`;
}
