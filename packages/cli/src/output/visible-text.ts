/**
 * Text from elsewhere (names, reasons, tool names, resources) as a terminal may show it: control characters, escape sequences and
 * marks that turn the direction of writing are spelled out, so that nothing can repaint what stands around it.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\p{Cs}/gu,
    spelled,
  );
}

function spelled(char: string): string {
  return `⟨${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
