import type { Scope } from "./scope.ts";
import { type Tree, constantText, list, node, word } from "./tree.ts";
import type { SettingChange } from "./verdict.ts";

/** Settings that say who acts, or how what follows is to be read: nobody changes them through the gateway. */
const NEVER: ReadonlySet<string> = new Set([
  "application_name",
  "event_triggers",
  "role",
  "session_authorization",
  "session_preload_libraries",
  "local_preload_libraries",
  "dynamic_library_path",
  "session_replication_role",
]);

/** Settings that every session may change for itself and that no function or policy acts on. */
const HARMLESS =
  /^(backslash_quote|bytea_output|check_function_bodies|client_min_messages|constraint_exclusion|cpu_\w+|cursor_tuple_fraction|datestyle|deadlock_timeout|debug_print\w*|debug_pretty_print|default_statistics_target|default_text_search_config|default_transaction_\w+|default_tablespace|default_table_access_method|default_toast_compression|effective_\w+|enable_\w+|escape_string_warning|exit_on_error|extra_float_digits|force_parallel_mode|from_collapse_limit|geqo\w*|gin_\w+|hash_mem_multiplier|icu_validation_level|idle_\w+|intervalstyle|jit\w*|join_collapse_limit|lc_\w+|lock_timeout|log_\w+|logical_decoding_work_mem|maintenance_\w+|max_parallel_\w+|min_parallel_\w+|parallel_\w+|plan_cache_mode|quote_all_identifiers|random_page_cost|recursive_worktable_factor|row_security|search_path|seed|seq_page_cost|statement_timeout|stats_fetch_consistency|tcp_\w+|temp_\w+|timezone|timezone_abbreviations|track_\w+|transaction_\w+|vacuum_\w+|work_mem|xmlbinary|xmloption|names|client_encoding|standard_conforming_strings|synchronous_commit|debug_parallel_query|array_nulls|update_process_title|ssl_renegotiation_limit|operator_precedence_warning|sql_inheritance|default_with_oids|createrole_self_grant|transform_null_equals|compute_query_id|allow_in_place_tablespaces)$/;

/** SET, RESET and their kin. */
export function judgeSet(scope: Scope, content: Tree): void {
  const kind = word(content["kind"]);
  const local = content["is_local"] === true;
  if (kind === "VAR_RESET_ALL") {
    scope.found.settings.push({ name: "*", value: null, local: false });
    movePath(scope, null);
    return;
  }
  // SET TRANSACTION and SET SESSION CHARACTERISTICS: the block's own mode.
  if (kind === "VAR_SET_MULTI" && word(content["name"]) !== "TRANSACTION SNAPSHOT") return;
  const name = word(content["name"]).toLowerCase();
  const values = list(content["args"]).map((value) => constantText(value) ?? interval(value));
  const value = kind === "VAR_SET_VALUE" && !values.includes(undefined) ? values.join(", ") : null;
  noteSetting(scope, { name, value, local }, values);
}

/** A zone given as an interval is a cast, the only value that is no constant. */
function interval(value: unknown): string | undefined {
  const cast = node(value as Tree, "TypeCast");
  return cast === undefined ? undefined : constantText(cast["arg"]);
}

/** Notes the change of one setting, by whatever means; `members` are those of a list. */
export function noteSetting(scope: Scope, change: SettingChange, members?: readonly (string | undefined)[]): void {
  const { found } = scope;
  const { name, value } = change;
  found.settings.push(change);
  const refused = refusal(name, value);
  if (refused !== null) found.refuse(refused);
  else if (name === "search_path")
    movePath(scope, members === undefined ? split(value) : members.map((member) => member ?? null));
  else if (!HARMLESS.test(name)) found.effect("write");
}

function refusal(name: string, value: string | null): string | null {
  if (NEVER.has(name) || name.startsWith("countersign.")) return `\`${name}\` says who acts and can't be changed`;
  if (name === "standard_conforming_strings" && value?.toLowerCase() !== "on")
    return "`standard_conforming_strings` has to stay on: text would mean something else";
  const encoding = name === "client_encoding" || name === "names";
  return encoding && !/^utf-?8$/i.test(value ?? "UTF8") ? "`client_encoding` has to stay UTF8" : null;
}

function split(value: string | null): readonly (string | null)[] | null {
  if (value === null) return null;
  const members = value.split(",").map((member) => member.trim());
  return members.every((member) => /^[a-z_][a-z0-9_]*$/.test(member) || member === "")
    ? members.filter((member) => member !== "")
    : null;
}

/** The path moves for what follows in the same text; outside of the statement itself nothing more can be known. */
function movePath(scope: Scope, members: readonly (string | null)[] | null): void {
  const { text, direct, catalogue } = scope;
  const known =
    members !== null && members.length > 0 && members.every((member) => member !== null && member !== "$user");
  const there = (members ?? []).filter(
    (member) => member !== null && (member === "pg_temp" || catalogue.hasSchema(member)),
  );
  text.path = known ? there.filter((member) => member !== null) : null;
  if (!direct) scope.found.doubt("the search path is changed inside of a function");
}
