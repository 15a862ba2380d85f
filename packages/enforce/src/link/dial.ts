import { connect } from "node:net";
import { type PeerCertificate, type TLSSocket, connect as secure } from "node:tls";
import { AppError } from "@countersign/core";
import { parseBundle, verifySvid } from "@countersign/credentials";
import { POINT_PREAMBLE } from "./frames.ts";

export interface DialOptions {
  /** Address of the API. */
  readonly url: string;
  /** The installation's authority, PEM: the only one that is believed. */
  readonly bundle: string;
  /** Certificate and key of the point, PEM; null for one that has none yet and is about to join. */
  readonly identity: { readonly certificate: string; readonly key: string } | null;
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Opens the link: one line in clear, then TLS 1.3 with certificates. The server is known by the authority and by what its certificate
 * says it is, never by its name in a directory.
 * @throws AppError `server.unreachable`, `point.clock`
 */
export async function dial(options: DialOptions): Promise<TLSSocket> {
  const { url, timeoutMs, signal } = options;
  const socket = connect(hostOf(url));
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const timer = setTimeout(() => reject(new Error("no connection in time")), timeoutMs);
  const abort = (): void => reject(new Error("not needed any more"));
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted === true) abort();
  // Listens until the end: what follows the first error of a connection says nothing more.
  socket.on("error", reject);
  socket.once("connect", () => {
    socket.setNoDelay(true);
    socket.write(POINT_PREAMBLE);
    const link = secure({ socket, ...tlsOptions(options) });
    link.on("error", reject);
    link.once("close", () => reject(new Error("the connection was closed")));
    link.once("secureConnect", () => resolve(link));
  });
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw unreachable(url, error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function tlsOptions({ bundle, identity, now }: DialOptions): object {
  return {
    ca: bundle,
    ...(identity === null ? {} : { cert: identity.certificate, key: identity.key }),
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
    checkServerIdentity: (_host: string, { raw }: PeerCertificate) => notServer(raw, bundle, now()),
  };
}

/** Why a certificate that the authority signed is not that of a server of its trust domain; nothing when it is. */
function notServer(certificate: Uint8Array, pem: string, now: number): Error | undefined {
  const parsed = parseBundle(pem);
  if (!parsed.ok) return new AppError(parsed.code);
  const verified = verifySvid(certificate, { bundle: parsed.bundle, now });
  if (!verified.ok) return new AppError(verified.code);
  return verified.path === "/server"
    ? undefined
    : new AppError("svid.untrusted", { detail: "whoever answers has the certificate of something else than a server" });
}

function hostOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}

/** A certificate that is too old or too young here is one that the server takes for good: the clocks differ. */
const WRONG_TIME: ReadonlySet<string> = new Set(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED", "svid.expired"]);

function unreachable(url: string, error: NodeJS.ErrnoException): AppError {
  const { origin } = new URL(url);
  if (WRONG_TIME.has(error.code ?? ""))
    return new AppError("point.clock", {
      cause: error,
      detail: `by the clock of this machine the certificate of \`${origin}\` is not valid now; set the clock right`,
    });
  return new AppError("server.unreachable", {
    cause: error,
    detail: `no point link to \`${origin}\` (${error.code ?? error.message})`,
  });
}
