import { AppError, type PostgresTerms, readPostgresUrl } from "@countersign/core";

/** Where a server is and how it is known. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** `verify-full`: the certificate is of an authority that is believed, and names the host. */
  readonly tls: PostgresTerms["tls"];
  /** Authorities, PEM; null: those of the system. */
  readonly ca: string | null;
}

/** @throws AppError `config.invalid` */
export function serverAddress({ url, tls, ca }: Pick<PostgresTerms, "url" | "tls" | "ca">): ServerAddress {
  const read = readPostgresUrl(url);
  if (!read.ok) throw new AppError("config.invalid", { detail: `the address of a PostgreSQL upstream ${read.reason}` });
  const { host, port, database } = read.place;
  return { host, port, database, tls, ca: ca ?? null };
}
