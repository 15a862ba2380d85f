/** What a client wants at the start. */
export type StartParameters =
  | {
      readonly ok: true;
      readonly database: string;
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

/** What is read by name, or means nothing here. */
const KNOWN: ReadonlySet<string> = new Set([
  "application_name",
  "client_encoding",
  "database",
  "options",
  "replication",
  "user",
]);

/** Reads the parameters of a start-up packet. What is not known to be harmless is refused. */
export function readStartParameters(parameters: ReadonlyMap<string, string>): StartParameters {
  const settings: Record<string, string> = {};
  for (const [name, value] of parameters) {
    const lower = name.toLowerCase();
    const fault = faultOf(lower, value);
    if (fault !== null) return { ok: false, ...fault };
    if (HARMLESS.has(lower)) settings[lower] = value;
  }
  return { ok: true, database: parameters.get("database") ?? parameters.get("user") ?? "", settings };
}

function faultOf(name: string, value: string): { readonly sqlState: string; readonly reason: string } | null {
  if (name === "replication" && !/^(false|off|no|0)$/.test(value))
    return { sqlState: "42501", reason: "connections for replication are refused" };
  if (name === "client_encoding" && !UTF8.has(value.toLowerCase()))
    return { sqlState: "0A000", reason: "only UTF8 is spoken here as the client's encoding" };
  if (name === "options" && value.trim() !== "")
    return { sqlState: "42501", reason: "`options` at the start are refused; set what you need with SET" };
  if (KNOWN.has(name) || HARMLESS.has(name) || name.startsWith("_pq_.")) return null;
  return { sqlState: "42501", reason: `\`${name.slice(0, 64)}\` cannot be set at the start` };
}
