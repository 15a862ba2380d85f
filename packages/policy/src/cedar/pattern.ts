/** A part of a pattern of `like`: any text, or exactly this one. */
export type PatternPart = "Wildcard" | { readonly Literal: string };

/**
 * A test for a pattern in its JSON form. Each literal is looked for once, from left to right, so a text is read at most once for
 * each literal; nothing is tried again.
 */
export function matcher(pattern: readonly PatternPart[]): (text: string) => boolean {
  const pieces: string[] = [""];
  for (const part of pattern) {
    if (part === "Wildcard") pieces.push("");
    else pieces[pieces.length - 1] += part.Literal;
  }
  const [head = "", ...rest] = pieces;
  const tail = rest.pop();
  if (tail === undefined) return (text) => text === head;
  const middle = rest.filter((piece) => piece !== "");
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    let at = head.length;
    const end = text.length - tail.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}
