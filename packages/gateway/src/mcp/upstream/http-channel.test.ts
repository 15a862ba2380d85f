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
  const events = { message: () => undefined, awaited: () => true, lost: () => undefined };
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

it("takes an answer's stream up again behind its last event, and gives up one that names none", async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ""} ${String(request.headers["last-event-id"])}`);
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (request.method === "GET") response.end(`id: a-2\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n`);
    else if (asked.length === 1) response.end("id: a-1\nretry: 100\ndata:\n\n");
    else response.end("data:\n\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
  const heard: string[] = [];
  const events = {
    message: (bytes: Buffer, id: number | null) => void heard.push(`${String(id)} ${bytes.toString("utf8")}`),
    awaited: (id: number) => heard.length < id,
    lost: (id: number | null, { code }: { readonly code: string }) => void heard.push(`${String(id)} ${code}`),
  };
  const channel = new HttpChannel({ url, headers: {}, connectMs: 5000, answerBytes: 1000, events });
  for (const id of [1, 2]) {
    const reserved = await channel.reserve(requestMessage(false, { id, method: "tools/call", members: [] }));
    expect(reserved.ok && reserved.send()).toBeUndefined();
    await expect.poll(() => heard.filter((line) => line.startsWith(`${String(id)} `)).length).toBe(3 - id);
  }
  expect(asked).toEqual(["POST undefined", "GET a-1", "POST undefined"]);
  expect(heard).toEqual(['1 {"jsonrpc":"2.0","id":1,"result":{}}', "1 upstream.down", "2 upstream.down"]);
  await channel.close("done");
  server.closeAllConnections();
  server.close();
});

it("gives a connection up before the upstream does, so that no call meets one that is being closed", async () => {
  const closed: Promise<unknown>[] = [];
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "keep-alive": "timeout=2" });
    response.end(`{"jsonrpc":"2.0","id":1,"result":{}}`);
  });
  // The server itself lets it live: whoever closes it is the gateway.
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => closed.push(once(socket, "close")));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
  const events = { message: () => undefined, awaited: () => true, lost: () => undefined };
  const channel = new HttpChannel({ url, headers: {}, connectMs: 5000, answerBytes: 1000, events });
  const reserved = await channel.reserve(requestMessage(false, { id: 1, method: "tools/call", members: [] }));
  expect(reserved.ok && reserved.send()).toBeUndefined();
  await expect.poll(() => closed.length).toBe(1);
  await closed[0];
  await channel.close("done");
  server.closeAllConnections();
  server.close();
});
