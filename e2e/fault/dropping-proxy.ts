import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/**
 * What becomes of bytes: they pass; each is so many milliseconds late; they wait in the network and come when it is whole again; they are
 * swallowed, and neither side is told, then or later; the connection is refused.
 */
export type Weather = { readonly delayMs: number } | "pass" | "hold" | "swallow" | "refuse";

/** A network between two processes that can be broken without either of them being told. */
export class DroppingProxy {
  readonly target: { readonly host: string; readonly port: number };
  private readonly server: Server;
  private readonly pairs = new Set<Pair>();
  private weather: Weather = "pass";

  private constructor(target: DroppingProxy["target"]) {
    this.target = target;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  static async open(target: DroppingProxy["target"]): Promise<DroppingProxy> {
    const proxy = new DroppingProxy(target);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Changes the weather of every connection there is, and of those to come. A connection that lost bytes is lost for good. */
  become(weather: Weather): void {
    this.weather = weather;
    for (const pair of this.pairs) pair.become(weather);
  }

  /** Breaks every connection, with an error that both sides see. */
  reset(): void {
    for (const pair of this.pairs) pair.end();
  }

  async close(): Promise<void> {
    this.reset();
    this.server.close();
    await once(this.server, "close");
  }

  private accept(client: Socket): void {
    if (this.weather === "refuse") return void client.resetAndDestroy();
    const upstream = connect({ ...this.target, allowHalfOpen: true });
    const pair = new Pair(client, upstream, () => this.pairs.delete(pair));
    this.pairs.add(pair);
    pair.become(this.weather);
  }
}

/** One connection, both ways. */
class Pair {
  private readonly sockets: readonly [Socket, Socket];
  private readonly ended: () => void;
  private weather: Weather = "pass";
  private swallowed = false;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(client: Socket, upstream: Socket, ended: () => void) {
    this.sockets = [client, upstream];
    this.ended = ended;
    this.flow(client, upstream);
    this.flow(upstream, client);
  }

  become(weather: Weather): void {
    if (this.swallowed) return;
    if (weather === "swallow") this.swallowed = true;
    this.weather = weather;
    for (const socket of this.sockets) {
      if (weather === "hold") socket.pause();
      else socket.resume();
    }
    this.closed();
  }

  end(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of this.sockets) if (!socket.destroyed) breakOff(socket);
    this.ended();
  }

  private flow(from: Socket, to: Socket): void {
    const late: (() => void)[] = [];
    let due = 0;
    const pass = (send: () => void): void => {
      if (this.swallowed) return;
      const now = performance.now();
      due = Math.max(due, now + (typeof this.weather === "object" ? this.weather.delayMs : 0));
      if (late.length === 0 && due <= now) return send();
      late.push(send);
      // Whichever timer comes first, bytes keep their order.
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        const next = late.shift();
        if (!this.swallowed) next?.();
      }, due - now);
      this.timers.add(timer);
    };
    from.setNoDelay(true);
    from.on("data", (bytes: Buffer) => pass(() => void (to.destroyed ? null : to.write(bytes))));
    // An end is a message like any other: held, late or swallowed.
    from.on("end", () => {
      pass(() => void to.end());
      if (this.swallowed) from.destroy();
    });
    from.on("error", () => undefined);
    from.on("close", () => this.closed());
  }

  /** That one side broke off is a message too: in a network that swallows it never comes, and in one that holds only later. */
  private closed(): void {
    const gone = this.sockets.filter((socket) => socket.destroyed).length;
    if (gone === 2 || (gone === 1 && !this.swallowed && this.weather !== "hold")) this.end();
  }
}

/** A reset is refused by Node while the end of a connection is being sent (EINVAL), and the socket then stays open for good. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
