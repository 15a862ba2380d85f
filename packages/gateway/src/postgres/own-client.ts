import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { AppError, type PostgresPlace, type PostgresTerms, readPostgresUrl } from "@countersign/core";
import { Client } from "pg";

const CONNECT_MS = 5000;

/** Where the database of signed terms is. @throws AppError `config.invalid` for terms that no configuration could have made */
export function placeOf({ url }: Pick<PostgresTerms, "url">): PostgresPlace {
  const read = readPostgresUrl(url);
  if (read.ok) return read.place;
  throw new AppError("config.invalid", { detail: `the address of the database ${read.reason}` });
}

/** What a TLS connection to the database rests on: its certificate, for its name, from a trusted authority. Null: none is to be opened. */
export function tlsOf(terms: Pick<PostgresTerms, "url" | "tls" | "ca">): ConnectionOptions | null {
  if (terms.tls === "disable") return null;
  const { host } = placeOf(terms);
  return {
    host,
    // The name of a certificate is checked against `host`; a number cannot be asked for.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(terms.ca === undefined ? {} : { ca: terms.ca }),
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
  };
}

/** A client of the gateway's own login, not connected yet. `application` is what the server's log calls it; `queryMs`: time for one answer. */
export function ownClient(
  terms: Pick<PostgresTerms, "url" | "tls" | "ca">,
  password: string | null,
  { application, queryMs }: { readonly application: string; readonly queryMs: number },
): Client {
  const { host, port, database, user } = placeOf(terms);
  return new Client({
    host,
    port,
    database,
    user,
    // An empty one is sent nowhere and keeps `pg` from looking for one in the environment.
    password: password ?? "",
    ssl: tlsOf(terms) ?? false,
    application_name: application,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: queryMs,
    keepAlive: true,
  });
}
