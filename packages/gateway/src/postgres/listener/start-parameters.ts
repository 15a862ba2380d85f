/** What a client wants at the start. */
export type StartParameters =
  | {
      readonly ok: true;
      readonly database: string;
      readonly user: string;
      readonly settings: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly sqlState: string; readonly reason: string };

/** Settings that change how values look or how long a client waits, and nothing of what a statement means. */
const HARMLESS: ReadonlySet<string> = new Set([
  "bytea_output",
  "datestyle",
  "extra_float_digits",
  "geqo",
  "idle_in_transaction_session_timeout",
  "intervalstyle",
  "lock_timeout",
  "statement_timeout",
  "timezone",
]);
const UTF8: ReadonlySet<string> = new Set(["utf8", "utf-8", "unicode", "sql_ascii", "auto"]);

/** Reads the parameters of a start-up packet. What is not known to be harmless is refused. */
export function readStartParameters(parameters: ReadonlyMap<string, string>): StartParameters {
  const user = parameters.get("user") ?? "";
  const settings: Record<string, string> = {};
  for (const [name, value] of parameters) {
    const lower = name.toLowerCase();
    if (lower === "user" || lower === "database" || lower === "application_name" || name.startsWith("_pq_.")) continue;
    if (lower === "replication" && !/^(false|off|no|0)$/.test(value))
      return refused("42501", "connections for replication are refused");
    if (lower === "client_encoding" && !UTF8.has(value.toLowerCase()))
      return refused("0A000", "only UTF8 is spoken here as the client's encoding");
    if (lower === "options" && value.trim() !== "")
      return refused("42501", "`options` at the start are refused; set what you need with SET");
    if (["replication", "client_encoding", "options"].includes(lower)) continue;
    if (!HARMLESS.has(lower)) return refused("42501", `\`${name.slice(0, 64)}\` cannot be set at the start`);
    settings[lower] = value;
  }
  return { ok: true, database: parameters.get("database") ?? user, user, settings };
}

function refused(sqlState: string, reason: string): StartParameters {
  return { ok: false, sqlState, reason };
}
