import type { Socket } from "node:net";
import { STARTUP_BYTES, type StartupPacket, readStartup, writeError } from "../wire/index.ts";

/** How long a client may take for its first bytes. */
const FIRST_MS = 10_000;
const YES = Buffer.from("S");
const NO = Buffer.from("N");
const TLS_HANDSHAKE = 0x16;
/** A client may ask for GSS encryption, be told no, and ask for TLS. */
const MOST_ASKED = 2;

export interface FirstBytes {
  /** From here on it is TLS. */
  readonly secure: (socket: Socket) => void;
  readonly cancel: (packet: Extract<StartupPacket, { type: "cancel" }>) => void;
}

/**
 * Listens to a connection before TLS: it may ask for TLS, begin with it, or cancel with a key. Everything else is refused: nothing is said in
 * clear but that.
 */
export function takeFirstBytes(socket: Socket, { secure, cancel }: FirstBytes): void {
  let bytes: Buffer = Buffer.alloc(0);
  let asked = 0;
  const timer = setTimeout(() => socket.destroy(), FIRST_MS);
  const take = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    if (bytes[0] === TLS_HANDSHAKE)
      return done(() => {
        socket.unshift(bytes);
        secure(socket);
      });
    const read = bytes.length > STARTUP_BYTES ? null : readStartup(bytes);
    if (read === null) return bytes.length > STARTUP_BYTES ? done(() => socket.destroy()) : undefined;
    const { packet, sizeBytes } = read;
    // Whatever came behind a question for TLS was put there in clear, by whomever.
    if (packet.type !== "cancel" && bytes.length > sizeBytes)
      return done(() => refuse(socket, "08P01", "a client waits for the answer"));
    bytes = Buffer.alloc(0);
    asked += 1;
    if (packet.type === "ssl")
      return done(() => {
        socket.write(YES);
        secure(socket);
      });
    if (packet.type === "gss" && asked < MOST_ASKED) return void socket.write(NO);
    done(() => {
      if (packet.type === "cancel") cancel(packet);
      if (packet.type === "cancel") socket.end();
      else if (packet.type === "startup")
        refuse(socket, "28000", "this server takes TLS with the certificate of a task, and nothing else");
      else refuse(socket, "08P01", "the connection does not begin as the protocol says");
    });
  };
  const done = (then: () => void): void => {
    clearTimeout(timer);
    socket.off("data", take);
    socket.pause();
    then();
  };
  socket.on("data", take);
  socket.once("close", () => clearTimeout(timer));
}

function refuse(socket: Socket, sqlState: string, message: string): void {
  socket.end(writeError({ severity: "FATAL", sqlState, message }));
}
