import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { AppError } from "@countersign/core";

/** Where a database is, as its `postgres://` URL says it. */
export interface Address {
  /** One of them is the primary. */
  readonly hosts: readonly Host[];
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly applicationName: string;
  /** The same for all hosts; false: none. */
  readonly tls: (host: string) => ConnectionOptions | false;
}
export interface Host {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

const MOST_BYTES = 4096;
const MOST_HOSTS = 16;
const FORM =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^/?@]*)(?:\/(?<database>[^?@/]*))?(?:\?(?<query>.*))?$/;
const HOST = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]*))(?::(?<port>\d{1,5}))?$/;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;
const SESSIONS = ["any", "read-write", "primary"];
const TLS_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;
const KEYS = [
  "host",
  "port",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "application_name",
  "target_session_attrs",
];

/**
 * Reads a `postgres://user:password@host:port,host:port/database?…` URL; several hosts are tried for the one that is the primary. Beyond
 * loopback the default of `sslmode` is `verify-full`. @throws AppError `config.invalid`, which never holds the password
 */
export function parseAddress(url: string): Address {
  const parts = url.length > MOST_BYTES ? undefined : FORM.exec(url)?.groups;
  if (parts === undefined) throw invalid("is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE");
  const query = queryOf(parts["query"] ?? "");
  const { user, password, database } = parts;
  return {
    hosts: hostsOf(parts["hosts"] ?? "", query),
    ...(user === undefined || user === "" ? {} : { user: decoded(user) }),
    ...(password === undefined ? {} : { password: decoded(password) }),
    ...(database === undefined || database === "" ? {} : { database: decoded(database) }),
    applicationName: query.get("application_name") ?? "countersign",
    tls: tlsOf(query),
  };
}

/** The URL as it may be shown: without password. */
export function describeAddress({ hosts, user, database }: Address): string {
  return `postgres://${user === undefined ? "" : `${user}@`}${hosts.map(describeHost).join(",")}/${database ?? ""}`;
}

export function describeHost({ host, port }: Host): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

function queryOf(text: string): URLSearchParams {
  const query = new URLSearchParams(text);
  const unknown = [...query.keys()].find((key) => !KEYS.includes(key));
  // A password with an unescaped `?` ends up here: only what looks like a key is shown.
  if (unknown !== undefined)
    throw invalid(`has ${/^[a-z_]{1,40}$/.test(unknown) ? `the key \`${unknown}\`` : "a key"}, which is not known`);
  const session = query.get("target_session_attrs") ?? "read-write";
  if (!SESSIONS.includes(session)) throw invalid("must reach a primary: write `target_session_attrs=read-write`");
  return query;
}

function hostsOf(authority: string, query: URLSearchParams): readonly Host[] {
  const named = query.get("host");
  const texts = (named ?? authority).split(",");
  const ports = query.get("port")?.split(",") ?? [];
  if (texts.length > MOST_HOSTS) throw invalid(`names more than ${String(MOST_HOSTS)} hosts`);
  return texts.map((text, i) => hostOf(text, ports[i] ?? ports[0] ?? "5432"));
}

function hostOf(text: string, otherPort: string): Host {
  if (text.startsWith("/")) return { host: text, port: portOf(otherPort) };
  const { v6, name = "", port = otherPort } = HOST.exec(decoded(text))?.groups ?? { v6: "" };
  const host = v6 ?? (name === "" ? "localhost" : name);
  if (host === "") throw invalid("names a host that is none");
  return { host, port: portOf(port) };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid("names a port that is none");
  return port;
}

function tlsOf(query: URLSearchParams): Address["tls"] {
  const said = query.get("sslmode");
  const mode = TLS_MODES.find((known) => known === said);
  if (said !== null && mode === undefined) throw invalid(`has an \`sslmode\` other than ${TLS_MODES.join(", ")}`);
  const [ca, cert, key] = ["sslrootcert", "sslcert", "sslkey"].map((name) => fileOf(query, name));
  const files = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return (host) => {
    const isHere = host.startsWith("/") || LOOPBACK.test(host);
    switch (mode ?? (isHere ? "disable" : "verify-full")) {
      case "disable":
        return false;
      case "require":
        // As libpq: encrypted, and verified as soon as there is something to verify with.
        return { ...files, rejectUnauthorized: ca !== undefined, checkServerIdentity: () => undefined };
      case "verify-ca":
        return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
      case "verify-full":
        return { ...files, rejectUnauthorized: true };
    }
  };
}

function fileOf(query: URLSearchParams, name: string): string | undefined {
  const path = query.get(name);
  if (path === null) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new AppError("config.invalid", {
      detail: `the file of \`${name}\`, \`${path}\`, cannot be read`,
      cause: error,
    });
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("has a `%` that begins no character; write it as %25");
  }
}

function invalid(what: string): AppError {
  return new AppError("config.invalid", { detail: `the URL of the database ${what}` });
}
