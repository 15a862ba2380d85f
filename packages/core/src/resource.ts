/**
 * A resource name in its lexical normal form (design 5.1): NFC, `/` collapsed, `.` and `..` resolved, no trailing `/`.
 * The scheme (`file:`, `https://host`, `sql:`, `mcp:`) is left as it is. `..` never climbs above the root.
 * `sql:<database>/` keeps its end: it is the database without a relation.
 */
export function normalizeResource(name: string): string {
  const text = name.normalize("NFC");
  if (DATABASE.test(text)) return text;
  const split = /^([a-z][a-z0-9+.-]*:(?:\/\/[^/]*)?)(.*)$/s.exec(text);
  const scheme = split?.[1] ?? "";
  const path = (split === null ? text : (split[2] ?? "")).replaceAll("\\", "/");
  const rooted = path.startsWith("/");
  return `${scheme}${rooted ? "/" : ""}${resolved(path, rooted).join("/")}`;
}

const DATABASE = /^sql:(?!\.{1,2}\/)[^/\\]+\/$/;

/** Segments without `.`, `..` and empty ones; a path that is not rooted keeps the `..` at its front. */
function resolved(path: string, rooted: boolean): readonly string[] {
  const out: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") out.push(segment);
    else if (out.length > 0 && out.at(-1) !== "..") out.pop();
    else if (!rooted) out.push("..");
  }
  return out;
}
