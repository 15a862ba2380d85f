import { type Socket, connect } from "node:net";
import { type PeerCertificate, type TLSSocket, connect as secure } from "node:tls";
import { AppError } from "@countersign/core";
import { parseBundle, verifySvid } from "@countersign/credentials";
import { ASK_FOR_TLS } from "./first-packet.ts";
import { readPacket } from "./read-packet.ts";

const DIAL_MS = 10_000;
const S = 0x53;

export interface GatewayDial {
  /** `host:port`. */
  readonly address: string;
  /** SPIFFE ID that it must show. */
  readonly identity: string;
  /** PEM: the only authorities that are believed. */
  readonly trustBundle: string;
  /** PEM: certificate and key of the task. */
  readonly svid: string;
  readonly key: string;
  readonly now: () => number;
}

/**
 * Opens PostgreSQL's protocol to a gateway: asks for TLS as every client does, then TLS 1.3 with the certificate of the task. The gateway is
 * known by the authority and by what its certificate says it is, never by its name in a directory.
 * @throws AppError `server.unreachable`
 */
export async function dialGateway(dial: GatewayDial): Promise<TLSSocket> {
  const socket = connect(hostPort(dial.address));
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const timer = setTimeout(() => reject(new Error("no answer in time")), DIAL_MS);
  // Listens until the end: what follows the first error of a connection says nothing more.
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed")));
  socket.once("connect", () => {
    socket.setNoDelay(true);
    secured(socket, dial, reject).then(resolve, reject);
  });
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw unreachable(dial.address, error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(timer);
  }
}

async function secured(socket: Socket, dial: GatewayDial, reject: (error: Error) => void): Promise<TLSSocket> {
  socket.write(ASK_FOR_TLS);
  const answer = await readPacket(socket, (bytes) => (bytes.length === 0 ? null : 1));
  // What came in clear behind the answer was written by somebody between (CVE-2021-23222).
  if (answer?.[0] !== S || socket.readableLength > 0) throw new Error("it does not speak TLS");
  const link = secure({ socket, ...tlsOptions(dial) });
  link.on("error", reject);
  await new Promise<void>((resolve) => link.once("secureConnect", () => resolve()));
  return link;
}

function tlsOptions({ trustBundle, svid, key, identity, now }: GatewayDial): object {
  return {
    ca: trustBundle,
    cert: svid,
    key,
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
    ALPNProtocols: ["postgresql"],
    checkServerIdentity: (_host: string, { raw }: PeerCertificate) =>
      otherThan(identity, raw, { trustBundle, now: now() }),
  };
}

/** Why a certificate that the authority signed is not that of the gateway that was named; nothing when it is. */
function otherThan(
  identity: string,
  certificate: Uint8Array,
  { trustBundle, now }: { readonly trustBundle: string; readonly now: number },
): Error | undefined {
  const parsed = parseBundle(trustBundle);
  const verified = parsed.ok ? verifySvid(certificate, { bundle: parsed.bundle, now }) : parsed;
  if (!verified.ok) return new AppError(verified.code);
  return verified.spiffeId === identity
    ? undefined
    : new AppError("svid.untrusted", { detail: `\`${verified.spiffeId}\` answers, not \`${identity}\`` });
}

function hostPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(address.slice(at + 1)) };
}

function unreachable(address: string, error: NodeJS.ErrnoException): AppError {
  const why = error instanceof AppError ? error.message : (error.code ?? error.message);
  return new AppError("server.unreachable", {
    cause: error,
    detail: `no gateway for PostgreSQL at \`${address}\` (${why})`,
  });
}
