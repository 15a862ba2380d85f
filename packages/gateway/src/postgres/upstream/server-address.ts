import type { ConnectionOptions } from "node:tls";
import type { PostgresTerms } from "@countersign/core";
import { placeOf, tlsOf } from "../own-client.ts";

/** Where a server is and how it is known. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Null: without TLS, which is only for a server on this machine. */
  readonly tls: ConnectionOptions | null;
}

/** @throws AppError `config.invalid` */
export function serverAddress(terms: Pick<PostgresTerms, "url" | "tls" | "ca">): ServerAddress {
  const { host, port, database } = placeOf(terms);
  return { host, port, database, tls: tlsOf(terms) };
}
