import type { IncomingHttpHeaders } from "node:http";

/** Names under which this machine reaches itself. */
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** The hosts (`name:port`) under which requests may come: those of the listening address, and of the address that clients were told. */
export function allowedHosts(
  listening: { readonly host: string; readonly port: number },
  publicUrl: string | null,
): ReadonlySet<string> {
  const host = listening.host.includes(":") ? `[${listening.host}]` : listening.host;
  const names = new Set([...LOOPBACK, host.toLowerCase()]);
  const hosts = [...names].map((name) => `${name}:${String(listening.port)}`);
  return new Set(publicUrl === null ? hosts : [...hosts, new URL(publicUrl).host]);
}

/**
 * Keeps pages of other sites out (DNS rebinding): the request must be addressed to us by name, and a page that sends it must be ours.
 */
export function isAddressedToUs(headers: IncomingHttpHeaders, hosts: ReadonlySet<string>): boolean {
  if (!hosts.has((headers.host ?? "").toLowerCase())) return false;
  const { origin } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && hosts.has(new URL(origin).host);
}
