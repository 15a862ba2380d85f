import type { Server, Socket } from "node:net";

export interface FrontOptions {
  /** The line with which a connection says that it is not HTTP. */
  readonly preamble: Buffer;
  /** Gets such a connection, with what followed the line still to be read. */
  readonly take: (socket: Socket) => void;
  /** How long a connection may say nothing. */
  readonly firstBytesMs?: number;
  /** How many connections may have said nothing yet; beyond it the oldest goes. */
  readonly mostUndecided?: number;
}

const FIRST_BYTES_MS = 10_000;
const MOST_UNDECIDED = 1000;

/**
 * Stands in front of an HTTP(S) server at its own address: the first bytes of a connection decide who gets it (ADR 0007). Whoever does
 * not begin with the preamble is served as before.
 * @returns what ends the connections that have not said anything yet
 */
export function standInFront(server: Server, options: FrontOptions): () => void {
  const { firstBytesMs = FIRST_BYTES_MS, mostUndecided = MOST_UNDECIDED } = options;
  const serve = server.listeners("connection") as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners("connection");
  /** In the order in which they came. */
  const undecided = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    undecided.add(socket);
    if (undecided.size > mostUndecided) {
      const [oldest] = undecided;
      oldest?.destroy();
    }
    const timer = setTimeout(() => socket.destroy(), firstBytesMs);
    let said: Buffer = Buffer.alloc(0);
    const read = (): void => {
      for (let part; (part = socket.read() as Buffer | null) !== null;) said = Buffer.concat([said, part]);
      const isLink = beginsWith(said, options.preamble);
      if (isLink === null) return;
      settled();
      const rest = isLink ? said.subarray(options.preamble.length) : said;
      if (rest.length > 0) socket.unshift(rest);
      if (isLink) options.take(socket);
      else for (const listener of serve) listener.call(server, socket);
    };
    const gone = (): void => {
      settled();
      socket.destroy();
    };
    const settled = (): void => {
      clearTimeout(timer);
      undecided.delete(socket);
      socket.off("readable", read).off("error", gone).off("close", gone).off("end", gone);
    };
    socket.on("readable", read).on("error", gone).on("close", gone).on("end", gone);
  });
  return () => {
    for (const socket of undecided) socket.destroy();
  };
}

/** Null: too little was said. */
function beginsWith(said: Buffer, preamble: Buffer): boolean | null {
  const length = Math.min(said.length, preamble.length);
  if (!said.subarray(0, length).equals(preamble.subarray(0, length))) return false;
  return length === preamble.length ? true : null;
}
