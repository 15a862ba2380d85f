import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** A wire that can be broken: between a gateway and its server, or a server and its database. */
export class BreakingProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private state: "whole" | "cut" | "silent" = "whole";

  private constructor(target: number) {
    this.server = createServer((near) => this.join(near, target));
  }

  /** In front of a port of this machine. */
  static async before(target: number): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(target);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every connection, and each new one at once. */
  cut(): void {
    this.state = "cut";
    for (const socket of this.sockets) socket.destroy();
  }

  /** Half open: every connection stays and nothing passes any more, in either direction, without an error. */
  silence(): void {
    this.state = "silent";
    for (const socket of this.sockets) socket.pause();
  }

  /** What was silent goes on where it stood. */
  heal(): void {
    this.state = "whole";
    for (const socket of this.sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const closed = once(this.server, "close");
    this.server.close();
    await closed;
  }

  private join(near: Socket, target: number): void {
    if (this.state === "cut") return void near.destroy();
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on("data", (bytes: Buffer) => to.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
    if (this.state === "silent") for (const socket of [near, far]) socket.pause();
  }
}
