import { isIP } from "node:net";
import { AppError } from "@countersign/core";
import { assertSafe, hostPort, settledAddress } from "./addresses.ts";

/** Where people reach the control plane, and where it listens. */
export interface PublicAddress {
  /** Origin of the pages; its host is the relying party of every passkey. */
  readonly publicUrl: string;
  /** `host:port` that is listened on. */
  readonly api: string;
  /** What the configuration asks for instead, where the origin is bound already. */
  readonly refused: string | null;
}
export interface WantedAddress {
  readonly publicUrl: string | undefined;
  readonly api: string | undefined;
  readonly hasTls: boolean;
  readonly behindProxy: boolean;
}

interface Known {
  readonly bound: string | null;
  readonly shared: string | null;
  readonly former: number | null;
}

const LOCAL = "127.0.0.1:7330";

/**
 * Settles origin and listening address. `bound` is the origin that passkeys and signatures are bound to, once a person is registered:
 * it stays for good, so another one is named in `refused` and not used. `shared`: the origin of an installation for which other servers may
 * answer too, so that it need not be this one's own address. `former`: the port that this data directory listened on.
 * @throws AppError `config.invalid` for an origin under which passkeys cannot work, `listen.unsafe`
 */
export async function settlePublicAddress(
  wanted: WantedAddress,
  { bound, shared, former }: Known,
): Promise<PublicAddress> {
  const asked = wanted.publicUrl === undefined ? null : originOf(wanted.publicUrl);
  const chosen = bound ?? asked ?? shared;
  const refused = refusedOf(bound, asked);
  // What is given for an address that is refused is not used for the one that stays.
  const hasTls = wanted.hasTls && (refused === null || bound?.startsWith("https:") === true);
  const api = await settledAddress(wanted.api ?? usualListen(chosen, hasTls), former);
  const publicUrl = chosen ?? `${hasTls ? "https" : "http"}://localhost:${String(hostPort(api).port)}`;
  assertEndsTls(publicUrl, { ...wanted, hasTls });
  assertSafe([api], { hasTls, behindProxy: wanted.behindProxy });
  return { publicUrl, api, refused: refused ?? movedTo(shared === null ? bound : null, api, wanted) };
}

function refusedOf(bound: string | null, asked: string | null): string | null {
  return bound !== null && asked !== bound ? asked : null;
}

/** Where a local installation would be reached by its new port, when that is not the one that passkeys are bound to. */
function movedTo(bound: string | null, api: string, { publicUrl, behindProxy }: WantedAddress): string | null {
  if (bound === null) return null;
  const [there, here] = [new URL(bound), new URL(bound)];
  here.port = String(hostPort(api).port);
  const isReachedDirectly = isLocalName(there.hostname) && !behindProxy && publicUrl === undefined;
  return isReachedDirectly && here.origin !== there.origin ? here.origin : null;
}

/** A name that other machines know is listened for on all of this one's addresses, if nothing else is said. */
function usualListen(origin: string | null, hasTls: boolean): string {
  if (origin === null || !hasTls || isLocalName(new URL(origin).hostname)) return LOCAL;
  const { port } = new URL(origin);
  return `0.0.0.0:${port === "" ? "443" : port}`;
}

/** Scheme, name and port, under which a browser can use passkeys (WebAuthn Level 3, 5.1.2: a secure context, and a domain). */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.pathname}${url.search}${url.hash}` !== "/")
    throw invalid(text, "is not an address of the form `https://name:port`");
  if (isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0)
    throw invalid(text, "is a number; passkeys are bound to a name, so give this machine one");
  if (url.protocol === "http:" && !isLocalName(url.hostname))
    throw invalid(text, "is not encrypted; browsers use passkeys over https only, or on `http://localhost`");
  return url.origin;
}

function assertEndsTls(origin: string, { hasTls, behindProxy }: WantedAddress): void {
  const secure = origin.startsWith("https:");
  if (secure && !hasTls && !behindProxy)
    throw invalid(origin, "needs TLS; give --tls-cert and --tls-key, or --behind-proxy if a proxy in front ends it");
  if (!secure && hasTls) throw invalid(origin, "is the address, which a certificate does not fit; leave it out");
}

export function isLocalName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

function invalid(address: string, why: string): AppError {
  return new AppError("config.invalid", { detail: `\`publicUrl\`: \`${address.slice(0, 200)}\` ${why}` });
}
