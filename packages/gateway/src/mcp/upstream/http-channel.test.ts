import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, it } from "vitest";
import { HttpChannel } from "./http-channel.ts";
import { requestMessage } from "./outgoing.ts";

it("sends no byte before `send`, and all of them before it returns", async () => {
  const server = createServer((_, response) => response.end("{}"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
  const sockets: Socket[] = [];
  const opened = (event: unknown): void => void sockets.push((event as { socket: Socket }).socket);
  subscribe("net.client.socket", opened);
  const events = { message: () => undefined, lost: () => undefined };
  const channel = new HttpChannel({ url, headers: {}, connectMs: 5000, answerBytes: 1000, events });
  const message = requestMessage(false, { id: 1, method: "tools/call", members: [`"name":"x"`] });
  // The second time the connection is one that was kept.
  for (const round of [1, 2]) {
    const before = sockets.map(({ bytesWritten }) => bytesWritten);
    const reserved = await channel.reserve(message);
    expect(sockets.map(({ bytesWritten }) => bytesWritten)).toEqual(round === 1 ? [0] : before);
    const already = sockets[0]?.bytesWritten ?? 0;
    expect(reserved.ok && reserved.send()).toBeUndefined();
    expect((sockets[0]?.bytesWritten ?? 0) - already).toBeGreaterThan(message.bytes.length);
    await expect.poll(() => sockets[0]?.bytesRead).toBeGreaterThan(100 * round);
    await new Promise(setImmediate);
  }
  expect(sockets).toHaveLength(1);
  unsubscribe("net.client.socket", opened);
  await channel.close("done");
  server.closeAllConnections();
  server.close();
});
