import { type Socket, connect } from "node:net";
import { type ConnectionOptions, connect as secure } from "node:tls";
import { AppError } from "@countersign/core";
import { SSL_REQUEST } from "../wire/index.ts";
import type { ServerAddress } from "./server-address.ts";

/**
 * Opens a connection to a server, with TLS where its address wants it. Nothing of the protocol was said yet on it.
 * @throws AppError `upstream.down`
 */
export async function dialServer(address: ServerAddress, timeoutMs: number): Promise<Socket> {
  const { host, port } = address;
  const socket = connect({ host, port });
  socket.setNoDelay(true);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const timer = setTimeout(() => reject(new Error("no connection in time")), timeoutMs);
  // Listens until the end: what follows the first error of a connection says nothing more.
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed")));
  socket.once("connect", () => {
    if (address.tls === null) resolve(socket);
    else upgrade(socket, address.tls).then(resolve, reject);
  });
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    const detail = `\`${host}:${String(port)}\` cannot be reached (${reasonOf(error)})`;
    throw new AppError("upstream.down", { cause: error, detail });
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

async function upgrade(socket: Socket, tls: ConnectionOptions): Promise<Socket> {
  socket.write(SSL_REQUEST);
  const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  socket.pause();
  // Whatever came behind the one byte was sent in clear by somebody else.
  if (answer.length !== 1 || answer[0] !== "S".charCodeAt(0)) throw new Error("the server does not offer TLS");
  const link = secure({ ...tls, socket, ALPNProtocols: ["postgresql"] });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  link.on("error", reject);
  link.once("close", () => reject(new Error("the connection was closed")));
  link.once("secureConnect", () => resolve(link));
  return await promise;
}
