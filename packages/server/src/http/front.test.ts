import { once } from "node:events";
import { type Server, createServer, request } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { standInFront } from "./front.ts";

const PREAMBLE = Buffer.from("countersign-point/1\n");
let server: Server;
let links: Socket[];
let end: () => void;
let port = 0;

async function start(more: { readonly firstBytesMs?: number; readonly mostUndecided?: number } = {}): Promise<void> {
  server = createServer((asked, answer) => {
    text(asked).then(
      (body) => answer.end(`${asked.method ?? ""} ${asked.url ?? ""} ${String(body.length)}`),
      () => answer.destroy(),
    );
  });
  links = [];
  end = standInFront(server, { preamble: PREAMBLE, take: (socket) => links.push(socket), ...more });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
}

beforeEach(async () => await start());
afterEach(async () => {
  end();
  for (const socket of links) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(method: string, body: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request({ host: "127.0.0.1", port, method, path: "/x" });
  sent.on("response", (answer) => void text(answer).then(resolve, reject));
  sent.on("error", reject);
  sent.end(body);
  return await promise;
}

/** Sends parts with a pause between them; answers what came back until the server closed or was silent. */
async function say(...parts: readonly string[]): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return socket;
}

async function linked(): Promise<Socket> {
  for (let tries = 0; links.length === 0 && tries < 200; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return links[0] as Socket;
}

describe("a front", () => {
  it("serves HTTP as before: small and large bodies, and one request after the other on a connection", async () => {
    expect(await ask("GET", "")).toBe("GET /x 0");
    expect(await ask("POST", "x".repeat(1_000_000))).toBe("POST /x 1000000");
    const socket = await say(
      "GET /1 HTTP/1.1\r\nhost: x\r\n\r\n",
      "GET /2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    const said = await text(socket);
    expect(said).toContain("GET /1 0");
    expect(said).toContain("GET /2 0");
    expect(links).toHaveLength(0);
  });

  it("serves a request whose first bytes come one by one, and one that begins like the preamble", async () => {
    const socket = await say("G", "E", "T /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    expect(await text(socket)).toContain("GET /slow 0");
    const odd = await say("co", "PY /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    expect(await text(odd)).toContain("HTTP/1.1 400");
  });

  it("hands over whoever says the preamble, in one part or in several, with what follows it", async () => {
    const socket = await say("countersign-poi", "nt/1\nhello");
    const link = await linked();
    expect((await once(link, "data"))[0]).toEqual(Buffer.from("hello"));
    link.write("back");
    expect((await once(socket, "data"))[0]).toEqual(Buffer.from("back"));
    socket.destroy();
  });

  it("ends a connection that says nothing, or too little, in time", async () => {
    end();
    await new Promise((resolve) => server.close(resolve));
    await start({ firstBytesMs: 50 });
    const [silent, slow] = [await say(), await say("countersign")];
    await Promise.all([silent, slow].map(async (socket) => await once(socket.resume(), "close")));
    expect(links).toHaveLength(0);
  });

  it("drops the oldest of too many that say nothing, and goes on to serve", async () => {
    end();
    await new Promise((resolve) => server.close(resolve));
    await start({ mostUndecided: 3 });
    const first = await say();
    const closed = once(first.resume(), "close");
    const others = [await say(), await say(), await say()];
    await closed;
    expect(await ask("GET", "")).toBe("GET /x 0");
    for (const socket of others) socket.destroy();
  });
});
