/**
 * Asks a session what names mean in it: the schemas of its search path as a JSON array, and its temporary schema or null. Nothing in it is
 * looked up along that path, so that nobody can answer in the server's place. Neither a table is read nor anything changed.
 */
export const SESSION_STATE: string =
  "SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(false)), " +
  "NULLIF(pg_catalog.pg_my_temp_schema()::pg_catalog.regnamespace::pg_catalog.text, '-')";
