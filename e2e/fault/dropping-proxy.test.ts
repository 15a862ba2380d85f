import { once } from "node:events";
import { type AddressInfo, Socket, connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DroppingProxy } from "./dropping-proxy.ts";

/** Long enough that what passes has passed. */
const A_WHILE_MS = 200;

describe("a network that can be broken", () => {
  let proxy: DroppingProxy;
  let server: ReturnType<typeof createServer>;
  const accepted: Socket[] = [];
  const clients: Socket[] = [];

  beforeEach(async () => {
    server = createServer((socket) => {
      accepted.push(socket);
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => socket.write(bytes));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await DroppingProxy.open({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  });
  afterEach(async () => {
    for (const socket of [...clients.splice(0), ...accepted.splice(0)]) socket.destroy();
    await proxy.close();
    server.close();
  });

  const dial = async (): Promise<{ socket: Socket; heard: () => string }> => {
    const socket = connect(proxy.port, "127.0.0.1");
    clients.push(socket);
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (bytes: Buffer) => (text += bytes.toString()));
    await once(socket, "connect");
    return { socket, heard: () => text };
  };
  const closed = async (socket: Socket): Promise<void> =>
    await new Promise((resolve) => socket.once("close", () => resolve()));
  const hears = async (heard: () => string, text: string): Promise<void> =>
    await expect.poll(heard, { interval: 5 }).toBe(text);

  it("passes bytes and ends", async () => {
    const { socket, heard } = await dial();
    socket.write("a");
    await hears(heard, "a");
    let ended = false;
    socket.on("close", () => (ended = true));
    socket.end();
    await expect.poll(() => ended, { interval: 5 }).toBe(true);
  });

  it("leaves no socket open when a connection breaks in the moment in which its end is passed on", async () => {
    const { socket, heard } = await dial();
    socket.write("a");
    await hears(heard, "a");
    const end = Object.getOwnPropertyDescriptor(Socket.prototype, "end")?.value as (this: Socket) => void;
    const ends = vi.spyOn(Socket.prototype, "end").mockImplementation(function (this: Socket) {
      const passedOn = this.remotePort === proxy.target.port;
      end.call(this);
      if (passedOn) proxy.reset();
      return this;
    });
    const over = closed(socket);
    socket.end();
    await over;
    ends.mockRestore();
    const open = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    await expect.poll(open).toBe(0);
  });

  it("holds bytes, and brings them when it is whole again", async () => {
    const { socket, heard } = await dial();
    proxy.become("hold");
    socket.write("a");
    await delay(A_WHILE_MS);
    expect(heard()).toBe("");
    proxy.become("pass");
    socket.write("b");
    await hears(heard, "ab");
  });

  it("brings late bytes in their order", async () => {
    const { socket, heard } = await dial();
    proxy.become({ delayMs: A_WHILE_MS });
    socket.write("a");
    await delay(20);
    expect(heard()).toBe("");
    proxy.become("pass");
    socket.write("b");
    await hears(heard, "ab");
  });

  it("swallows what a connection carries, for good, and tells nobody", async () => {
    const { socket, heard } = await dial();
    socket.write("a");
    await hears(heard, "a");
    let broken = 0;
    for (const one of [socket, accepted[0]]) one?.on("close", () => (broken += 1));
    proxy.become("swallow");
    socket.write("b");
    await delay(A_WHILE_MS);
    proxy.become("pass");
    socket.write("c");
    await delay(A_WHILE_MS);
    expect([heard(), broken]).toEqual(["a", 0]);
    const after = await dial();
    after.socket.write("d");
    await hears(after.heard, "d");
  });

  it("does not tell one side of the other's end while it swallows", async () => {
    const { socket } = await dial();
    socket.write("a");
    await once(socket, "data");
    let ended = false;
    accepted[0]?.on("end", () => (ended = true));
    proxy.become("swallow");
    socket.destroy();
    await delay(A_WHILE_MS);
    expect(ended).toBe(false);
  });

  it("refuses, and breaks what there is", async () => {
    const { socket } = await dial();
    const broken = closed(socket);
    proxy.reset();
    await broken;
    proxy.become("refuse");
    const refused = connect(proxy.port, "127.0.0.1");
    refused.on("error", () => undefined);
    await closed(refused);
    expect(accepted).toHaveLength(1);
  });
});
