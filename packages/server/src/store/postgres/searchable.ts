/** A text as columns hold it that are searched by: PostgreSQL has no U+0000, so U+FFFD stands in its place (see the first migration). */
export function searchable(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
}
