/**
 * Resources of a guarded database. `database` is the name of its upstream.
 * A relation is `sql:<database>/<schema>.<relation>`: each part as the catalogue spells it, with what a pattern or a path would read otherwise
 * percent-encoded, so that no two relations have one name and no name matches what its relation does not.
 */
export function relationResource(database: string, schema: string, relation: string): string {
  return `${databaseResource(database)}${encoded(schema)}.${encoded(relation)}`;
}

/** What a statement acts on that touches no relation. */
export function databaseResource(database: string): string {
  return `sql:${database}/`;
}

const PLAIN = /^[\p{L}\p{N}_$-]$/u;

function encoded(identifier: string): string {
  // Two names that differ only in their Unicode form are two relations to the server.
  const composed = identifier.normalize("NFC") === identifier;
  return Array.from(identifier, (char) =>
    PLAIN.test(char) && (composed || char < "\u0080") ? char : escape(char),
  ).join("");
}

function escape(char: string): string {
  const bytes = new TextEncoder().encode(char);
  return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
