const PLAIN = /^[a-z_][a-z0-9_$]*$/;
/** Words that PostgreSQL takes as a name only in quotes. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently " +
    "constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default " +
    "deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner " +
    "intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or " +
    "order outer overlaps placing primary references returning right select session_user similar some symmetric system_user table " +
    "tablesample then to trailing true union unique user using variadic verbose when where window with"
  ).split(" "),
);
/** NAMEDATALEN - 1: longer names are cut. */
const NAME_BYTES = 63;

/** `schema.name`, each part quoted where SQL needs it. A temporary schema of any number is `pg_temp`. */
export function qualified(schema: string, name: string): string {
  return `${quoted(/^pg_temp_\d+$/.test(schema) ? "pg_temp" : schema)}.${quoted(name)}`;
}

function quoted(name: string): string {
  return PLAIN.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The parts of a name that was given as text, as `regclass` and `nextval` read it: folded, unquoted, cut. Null if it is none. */
export function namesIn(text: string): readonly string[] | null {
  const found: string[] = [];
  let rest = text.trim();
  for (;;) {
    const part = /^\s*(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))\s*/.exec(rest);
    if (part === null) return null;
    found.push(cut(part[1] === undefined ? folded(part[2] ?? "") : part[1].replaceAll('""', '"')));
    rest = rest.slice(part[0].length);
    if (rest === "") return found;
    if (!rest.startsWith(".") || found.length > 3) return null;
    rest = rest.slice(1);
  }
}

function folded(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function cut(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= NAME_BYTES) return name;
  let end = NAME_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
