/** Where a guarded PostgreSQL answers, and as whom the gateway speaks to it. */
export interface PostgresPlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}
export type ReadPlace =
  | { readonly ok: true; readonly place: PostgresPlace }
  | { readonly ok: false; /** One clause, without the address. */ readonly reason: string };

/** The login that the documents tell an operator to make. */
export const GATEWAY_LOGIN = "countersign_gateway";
const FORM = /^postgres(?:ql)?:\/\/(?:([^/?#@]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/([^/?#]+)$/;
const MOST_NAME_BYTES = 63;

/** Reads `postgres://[user@]host[:port]/database`. A password has no place in it, options neither: they are terms of their own. */
export function readPostgresUrl(url: string): ReadPlace {
  const [, login, host, port = "5432", database] = FORM.exec(url) ?? [];
  if (host === undefined || database === undefined) return no("must be `postgres://host:port/database`");
  if (login?.includes(":") === true) return no("must not hold a password");
  const [name, user] = [decoded(database), decoded(login ?? GATEWAY_LOGIN)];
  if (name === null || user === null) return no("names a database or user that PostgreSQL does not take");
  if (Number(port) < 1 || Number(port) > 65_535) return no("names a port that does not exist");
  return { ok: true, place: { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port), database: name, user } };
}

/** The one way in which a place is written. */
export function postgresUrl({ host, port, database, user }: PostgresPlace): string {
  const login = user === GATEWAY_LOGIN ? "" : `${encodeURIComponent(user)}@`;
  const name = host.includes(":") ? `[${host}]` : host;
  return `postgres://${login}${name}:${String(port)}/${encodeURIComponent(database)}`;
}

/** True for an address that does not leave the machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function no(reason: string): ReadPlace {
  return { ok: false, reason };
}

function decoded(text: string): string | null {
  let name: string;
  try {
    name = decodeURIComponent(text);
  } catch {
    return null;
  }
  const bytes = new TextEncoder().encode(name).length;
  return bytes > 0 && bytes <= MOST_NAME_BYTES && !name.includes("\0") ? name : null;
}
