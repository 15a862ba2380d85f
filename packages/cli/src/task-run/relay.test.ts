import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { AppError } from "@countersign/core";
import { generateSigningKey } from "@countersign/credentials";
import { type Postgres, startPostgres } from "@countersign/server/testing";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandEnvironment } from "./command-environment.ts";
import { dialGateway } from "./dial-gateway.ts";
import { type Relay, openRelay } from "./relay.ts";
import { AGENT, StubAuthority, StubGateway, TASK } from "./testing/stub-gateway.ts";

const PASSWORD = "of-this-run";
const authority = new StubAuthority();
const key = generateSigningKey("P-256");

/** A start-up packet of protocol 3. */
function startup(...words: readonly string[]): Buffer {
  const body = Buffer.from(`${words.map((word) => `${word}\0`).join("")}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, body]);
}
function password(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head.write("p");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
function cancel(keyBytes: number): Buffer {
  const packet = Buffer.alloc(12 + keyBytes, 7);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(80_877_102, 4);
  return packet;
}
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const GSS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);
const ASKED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
const HELLO = startup("user", "coder", "database", "billing");

let folder = "";
let gateway: StubGateway;
let relay: Relay;
let said: Buffer[] = [];
let failures: AppError[] = [];
let clients: Client[] = [];

class Client {
  readonly socket: Socket;
  private readonly chunks: Buffer[] = [];
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, "close");
    socket.on("data", (chunk) => this.chunks.push(chunk));
    socket.on("error", () => undefined);
    clients.push(this);
  }

  get heard(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** What was heard when so many bytes are there, or the connection is over. */
  async hears(bytes: number): Promise<Buffer> {
    while (this.heard.length < bytes && !this.socket.closed)
      await Promise.race([once(this.socket, "data"), this.closed]);
    return this.heard;
  }
}
const socketPath = (): string => join(folder, ".s.PGSQL.5432");
const client = (): Client => new Client(connect(socketPath()));
const opened = async (): Promise<Client> => {
  const one = client();
  one.socket.write(HELLO);
  await one.hears(ASKED.length);
  one.socket.write(password(PASSWORD));
  await one.hears(ASKED.length + HELLO.length);
  return one;
};
const start = async (open: () => ReturnType<typeof dialGateway>): Promise<Relay> =>
  await openRelay({
    listen: { path: socketPath() },
    password: PASSWORD,
    open,
    failed: (error) => failures.push(error),
  });
const dial = async (more: Partial<Parameters<typeof dialGateway>[0]> = {}): ReturnType<typeof dialGateway> =>
  await dialGateway({
    address: gateway.address,
    identity: gateway.identity,
    trustBundle: authority.bundle,
    svid: authority.task(key),
    key: key.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    now: Date.now,
    ...more,
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "countersign-relay-"));
  [said, failures, clients] = [[], [], []];
  gateway = await StubGateway.listen(authority, (link) => {
    link.on("data", (chunk: Buffer) => {
      said.push(chunk);
      link.write(chunk);
    });
  });
  relay = await start(dial);
});
afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  await relay.close();
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the relay of a command", () => {
  it("carries bytes both ways, untouched, under the certificate of the task", async () => {
    const one = await opened();
    expect(one.heard).toEqual(Buffer.concat([ASKED, HELLO]));
    const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(65_000)));
    one.socket.write(bytes);
    expect((await one.hears(ASKED.length + HELLO.length + bytes.length)).subarray(-bytes.length)).toEqual(bytes);
    expect(Buffer.concat(said)).toEqual(Buffer.concat([HELLO, bytes]));
    expect(gateway.seen).toMatchObject([{ ok: true, agent: AGENT, task: TASK, jkt: key.jkt }]);
  });

  it("says that there is no encryption on this hop, and goes on", async () => {
    const one = client();
    one.socket.write(SSL_REQUEST);
    expect(await one.hears(1)).toEqual(Buffer.from("N"));
    one.socket.write(GSS_REQUEST);
    expect(await one.hears(2)).toEqual(Buffer.from("NN"));
    one.socket.write(HELLO);
    expect((await one.hears(2 + ASKED.length)).subarray(2)).toEqual(ASKED);
  });

  it("takes what comes in pieces, and what comes at once", async () => {
    const slow = client();
    for (const byte of Buffer.concat([HELLO, password(PASSWORD), Buffer.from("more")])) {
      slow.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await slow.hears(ASKED.length + HELLO.length + 4)).toString("latin1")).toContain("more");
    const fast = client();
    fast.socket.write(Buffer.concat([HELLO, password(PASSWORD), Buffer.from("more")]));
    expect((await fast.hears(ASKED.length + HELLO.length + 4)).subarray(ASKED.length)).toEqual(
      Buffer.concat([HELLO, Buffer.from("more")]),
    );
  });

  it.each([4, 16, 256])("carries a cancel with a key of %d bytes", async (size) => {
    const one = client();
    one.socket.write(cancel(size));
    expect(await one.hears(12 + size)).toEqual(cancel(size));
    expect(gateway.seen).toHaveLength(1);
  });

  it.each(["", "wrong", `${PASSWORD} `, PASSWORD.slice(1), "x".repeat(2000)])(
    "opens nothing for the password `%s`",
    async (text) => {
      const one = client();
      one.socket.write(Buffer.concat([HELLO, password(text)]));
      await one.closed;
      expect(one.heard.toString("latin1")).toContain("C28P01");
      expect(gateway.seen).toEqual([]);
    },
  );

  it.each([
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["protocol 2", Buffer.from([0, 0, 0, 8, 0, 2, 0, 0])],
    ["a length of nothing", Buffer.from([0, 0, 0, 0, 0, 3, 0, 0])],
    ["a length without end", Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ["a negative length", Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ["a cancel without a key", cancel(0)],
    ["a cancel with too long a key", cancel(257)],
    ["questions without end", Buffer.concat([SSL_REQUEST, SSL_REQUEST, SSL_REQUEST, HELLO])],
    ["a long question for TLS", Buffer.from([0, 0, 0, 9, 4, 210, 22, 47, 0])],
  ])("opens nothing for %s", async (_name, bytes) => {
    const one = client();
    one.socket.write(bytes);
    await one.closed;
    expect(one.heard.toString("latin1")).toContain("C08P01");
    expect(gateway.seen).toEqual([]);
  });

  it("opens nothing for noise, and stays", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
        const one = client();
        one.socket.end(bytes);
        await one.closed;
      }),
      { numRuns: 200 },
    );
    expect(gateway.seen).toEqual([]);
    expect((await opened()).heard.length).toBeGreaterThan(0);
  });

  it("ends with the gateway's end, and ends the gateway's side with the client", async () => {
    const one = await opened();
    gateway.cut();
    await one.closed;
    const ended = Promise.withResolvers<void>();
    const watching = await StubGateway.listen(authority, (link) => {
      link.resume();
      link.once("close", () => ended.resolve());
    });
    await relay.close();
    relay = await start(async () => await dial({ address: watching.address, identity: watching.identity }));
    const two = client();
    two.socket.write(Buffer.concat([HELLO, password(PASSWORD)]));
    await two.hears(ASKED.length);
    while (watching.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    two.socket.destroy();
    await ended.promise;
    expect(watching.seen).toHaveLength(1);
    await watching.close();
  });

  it("ends all connections when it closes, and takes no more", async () => {
    const one = await opened();
    await relay.close();
    await one.closed;
    const [error] = (await once(connect(socketPath()), "error")) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/ECONNREFUSED|ENOENT/);
  });

  it("tells the client why the gateway cannot be reached", async () => {
    const { address, identity } = gateway;
    await gateway.close();
    await relay.close();
    relay = await start(async () => await dial({ address, identity }));
    const one = client();
    one.socket.write(Buffer.concat([HELLO, password(PASSWORD)]));
    await one.closed;
    expect(one.heard.toString("utf8")).toMatch(/C08001\0M.*no gateway for PostgreSQL at/);
    expect(failures).toMatchObject([{ code: "server.unreachable" }]);
    expect(one.heard.toString("utf8")).not.toContain(PASSWORD);
  });
});

describe("dialling a gateway", () => {
  it.each([
    ["another point", async () => await dial({ identity: "spiffe://localhost/point/ep_0000000000000000000001" })],
    ["an authority that nobody named", async () => await dial({ trustBundle: new StubAuthority().bundle })],
    ["a certificate of another installation's task", async () => await dial({ svid: new StubAuthority().task(key) })],
  ])("is refused: %s", async (_name, dialling) => {
    const failed = await dialling()
      .then(async (link) => {
        // In TLS 1.3 a server refuses a client's certificate after its own handshake is over.
        const [error] = (await Promise.race([once(link, "error"), once(link, "close")])) as [unknown];
        return error instanceof Error ? error : new Error("closed");
      })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Error);
    expect(gateway.seen.filter(({ ok }) => ok)).toEqual([]);
  });

  it("takes neither a server of the installation nor a task for a gateway", async () => {
    const server = await StubGateway.listen(authority, (link) => link.end(), "/server");
    await expect(dial({ address: server.address, identity: server.identity })).rejects.toThrow(
      "`spiffe://localhost/server` answers",
    );
    await server.close();
  });

  it("believes nothing that came in clear behind the answer", async () => {
    gateway.between = "Z";
    await expect(dial()).rejects.toThrow("does not speak TLS");
  });
});

describe.skipIf(spawnSync("psql", ["--version"]).error !== undefined)("real clients through the relay (psql)", () => {
  let database: Postgres;
  let bridge: StubGateway;
  beforeAll(async () => {
    database = await startPostgres();
    await database.url("billing");
    const [row] = await database.query("SHOW hba_file");
    writeFileSync(String(row?.["hba_file"]), "host all all 127.0.0.1/32 trust\n");
    await database.query("SELECT pg_reload_conf()");
    await database.query("CREATE ROLE coder LOGIN");
    bridge = await StubGateway.listen(authority, (link) => {
      const server = connect(database.port, "127.0.0.1");
      server.on("error", () => link.destroy());
      link.pipe(server).pipe(link);
    });
  }, 60_000);
  afterAll(async () => {
    await bridge.close();
    await database.stop();
  });

  const environment = (): Record<string, string> => {
    const local = { host: folder, port: 5432, user: "coder", password: PASSWORD, database: "billing" };
    return commandEnvironment({ PATH: process.env["PATH"], PGHOST: "elsewhere", PGSSLMODE: "require" }, local);
  };
  beforeEach(async () => {
    await relay.close();
    relay = await start(async () => await dial({ address: bridge.address, identity: bridge.identity }));
  });

  it("psql, with nothing but its environment, and by DATABASE_URL", async () => {
    const env = environment();
    const psql = async (...args: readonly string[]): Promise<string> =>
      (await promisify(execFile)("psql", ["-XAt", ...args], { env, timeout: 20_000 })).stdout.trim();
    const ask = "SELECT current_user, current_database()";
    expect(await psql("-c", ask)).toBe("coder|billing");
    expect(await psql("-c", ask, env["DATABASE_URL"] ?? "")).toBe("coder|billing");
    expect(await psql("-c", "SELECT sum(length(repeat('x', n))) FROM generate_series(1, 3000) n")).toBe("4501500");
    expect(await psql("-c", "SELECT repeat('x', 1000000)")).toHaveLength(1_000_000);
    await expect(psql("-c", ask, "-d", "postgres://coder:wrong@%2Fnowhere/billing")).rejects.toThrow("Command failed");
  });

  it("psql, whose cancel is a connection of its own", async () => {
    const asked = spawn("psql", ["-XAt", "-c", "SELECT pg_sleep(60)"], { env: environment(), stdio: "pipe" });
    const ended = once(asked, "close");
    const runs = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)' AND state = 'active'";
    while ((await database.query(runs)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    asked.kill("SIGINT");
    expect(await text(asked.stderr)).toContain("canceling statement due to user request");
    await ended;
  });
});
