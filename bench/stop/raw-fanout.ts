import { once } from "node:events";
import { type Socket, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type ReadyChild, startChild } from "../child.ts";

/** Bytes of what is pushed and of what comes back: about those of a brake and of its acknowledgement. */
export const PUSH_BYTES = 700;
export const ACK_BYTES = 220;
const PROCESS = fileURLToPath(new URL("./raw-process.ts", import.meta.url));

/** The floor under any stop: so many bytes to each of many TCP connections, and as many answers as there are connections. */
export interface RawFanout {
  /** One push to all; milliseconds until the last has answered. */
  round(): Promise<number>;
  close(): Promise<void>;
}

/** `count` connections of another process, over loopback, as the points of a gateway's machine hold them. */
export async function rawFanout(count: number): Promise<RawFanout> {
  const sockets: Socket[] = [];
  const all = Promise.withResolvers<void>();
  let answered = (): void => undefined;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    let received = 0;
    socket.on("data", (bytes: Buffer) => {
      received += bytes.length;
      for (; received >= ACK_BYTES; received -= ACK_BYTES) answered();
    });
    // The other process ends first, and is seen to.
    socket.on("error", () => undefined);
    if (sockets.length === count) all.resolve();
  });
  server.listen({ host: "127.0.0.1", port: 0, backlog: count });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const child: ReadyChild<object> = await startChild([process.execPath, PROCESS, String(port), String(count)]);
  await all.promise;
  const push = Buffer.alloc(PUSH_BYTES, "x");
  return {
    async round() {
      let waiting = sockets.length;
      const done = Promise.withResolvers<number>();
      const begun = performance.now();
      answered = (): void => {
        waiting -= 1;
        if (waiting === 0) done.resolve(performance.now() - begun);
      };
      for (const socket of sockets) socket.write(push);
      return await done.promise;
    },
    async close() {
      await child.end();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
