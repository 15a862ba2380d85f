import { type Server, type Socket, createServer } from "node:net";
import type { Duplex } from "node:stream";
import { AppError } from "@countersign/core";
import { firstPacketBytes, readFirstPacket } from "./first-packet.ts";
import { ASK_FOR_PASSWORD, NOT_ENCRYPTED, fatal, isPassword, passwordBytes } from "./local-words.ts";
import { readPacket } from "./read-packet.ts";

/** How long a client may take to say who it is, in ms. */
const FIRST_WORDS_MS = 10_000;
/** Connections at a time. */
const MOST_CONNECTIONS = 500;
/** A client asks for TLS, then for GSSAPI, and then begins. */
const MOST_QUESTIONS = 2;

export interface RelayOptions {
  /** Path of a Unix socket in a folder of the user alone, or a port of loopback (0: any). */
  readonly listen: { readonly path: string } | { readonly host: string; readonly port: number };
  /** Good for this run; whoever connects has to say it. */
  readonly password: string;
  /** Opens a connection to the gateway, up to where PostgreSQL's protocol begins. @throws AppError */
  readonly open: () => Promise<Duplex>;
  /** A connection could not be opened: for people. */
  readonly failed: (error: AppError) => void;
}

/** Where the clients of a command find PostgreSQL while it runs. */
export interface Relay {
  /** Of loopback; 0 for a Unix socket. */
  readonly port: number;
  /** Ends every connection, and takes no other. */
  close(): Promise<void>;
}

/**
 * Takes connections in plain PostgreSQL protocol and carries their bytes, untouched, to the gateway: over TLS with the certificate of the
 * task. It answers itself only that there is no TLS on this hop, and asks for the password of this run.
 */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const sockets = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // What went wrong shows as the end of the connection.
    socket.on("error", () => socket.destroy());
  };
  const server = createServer({ noDelay: true }, (socket) => {
    keep(socket);
    serve(socket, options, keep).catch(() => socket.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  await listening(server, options.listen);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listening(server: Server, at: RelayOptions["listen"]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new AppError("listen.in_use", { cause, detail: "the relay cannot listen" })),
    );
    server.listen(at, resolve);
  });
}

async function serve(socket: Socket, options: RelayOptions, keep: (socket: Duplex) => void): Promise<void> {
  const late = setTimeout(() => socket.destroy(), FIRST_WORDS_MS);
  const first = await firstWords(socket, options.password).finally(() => clearTimeout(late));
  if (first === null) return;
  try {
    const gateway = await options.open();
    keep(gateway);
    // The client went while the gateway was dialled.
    if (socket.destroyed) gateway.destroy();
    else join(socket, gateway, first);
  } catch (error) {
    const known = error instanceof AppError ? error : new AppError("internal.error", { cause: error });
    options.failed(known);
    socket.end(fatal("08001", `countersign: ${known.message}`));
  }
}

/** What the client begins with, to be passed on as it is; null: it is over. */
async function firstWords(socket: Socket, password: string): Promise<Buffer | null> {
  for (let questions = 0; questions <= MOST_QUESTIONS; questions += 1) {
    const packet = await readPacket(socket, firstPacketBytes);
    if (packet === null) break;
    switch (readFirstPacket(packet)) {
      case "encryption":
        socket.write(NOT_ENCRYPTED);
        continue;
      case "cancel":
        // Its key is the gateway's: whoever knows it may cancel.
        return packet;
      case "startup":
        return (await saysPassword(socket, password)) ? packet : null;
      case "malformed":
        break;
    }
    break;
  }
  socket.end(fatal("08P01", "countersign: this is no PostgreSQL client"));
  return null;
}

async function saysPassword(socket: Socket, password: string): Promise<boolean> {
  socket.write(ASK_FOR_PASSWORD);
  const answer = await readPacket(socket, passwordBytes);
  if (answer !== null && isPassword(answer, password)) return true;
  socket.end(fatal("28P01", "countersign: the password is not that of this run; take it from PGPASSWORD"));
  return false;
}

function join(client: Duplex, gateway: Duplex, first: Buffer): void {
  gateway.write(first);
  client.pipe(gateway).pipe(client);
  client.once("close", () => gateway.destroy());
  gateway.once("close", () => client.destroy());
}
