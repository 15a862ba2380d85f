import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { AppError } from "@countersign/core";
import { NonceSource, ReplayMemory, verifySessionProof } from "@countersign/credentials";
import { type Routes, startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { signedIn } from "../testing/sign-in-state.ts";
import { NOW, testCli, type TestCli } from "../testing/test-cli.ts";
import type { Client } from "./api.ts";
import { createClient } from "./client.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(rows: Routes, socketPath?: string): Promise<TestControlPlane> {
  const server = await startControlPlane(rows, socketPath);
  closers.push(async () => await server.close());
  return server;
}

function clientOf(test: TestCli, flags: Parameters<typeof createClient>[0] = {}): Client {
  const client = createClient(flags, test.surroundings);
  closers.push(() => client.close());
  return client;
}

const code = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "none",
    (error: unknown) => (error as AppError).code,
  );
const AGENTS = { "GET /v1/agents": () => ({ body: { agents: [] } }) };

describe("who calls", () => {
  it("goes over the control socket when it is there, without any credential", async () => {
    const test = testCli();
    const server = await start(AGENTS, join(test.surroundings.env.defaultDataDir, "control.sock"));
    expect(await clientOf(test).json({ as: "near", path: "/v1/agents" })).toEqual({ agents: [] });
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]).toMatchObject({
      local: true,
      headers: expect.not.objectContaining({ authorization: expect.anything() }),
    });
  });

  it("goes to the named server with the session when another one's socket lies about", async () => {
    const test = testCli();
    const server = await start(AGENTS, join(test.surroundings.env.defaultDataDir, "control.sock"));
    signedIn(server.url, test);
    await clientOf(test, { server: server.url }).json({ as: "near", path: "/v1/agents" });
    expect(server.asked.map(({ local }) => local)).toEqual([false]);
  });

  it("prefers the socket of a named data directory even when the server is named as well", async () => {
    const test = testCli();
    const data = join(test.surroundings.env.home, "data");
    const server = await start(AGENTS, join(data, "control.sock"));
    await clientOf(test, { server: server.url, data }).json({ as: "near", path: "/v1/agents" });
    expect(server.asked.map(({ local }) => local)).toEqual([true]);
  });

  it("falls back to the session when nobody listens on the socket any more", async () => {
    const test = testCli({ env: {} });
    const data = join(test.surroundings.env.home, "data");
    mkdirSync(data);
    // A socket file that a killed process left behind: closing the listener's handle would remove it.
    const left = createServer().listen(join(data, "tmp.sock"));
    await once(left, "listening");
    const { linkSync } = await import("node:fs");
    linkSync(join(data, "tmp.sock"), join(data, "control.sock"));
    left.close();
    const server = await start(AGENTS);
    signedIn(server.url, test);
    await clientOf(test, { server: server.url, data }).json({ as: "near", path: "/v1/agents" });
    expect(server.asked.map(({ local }) => local)).toEqual([false]);
  });

  it("takes the address from the control plane behind the socket when none is named", async () => {
    const test = testCli();
    await start(
      { "GET /v1/status": () => ({ body: { publicUrl: "https://cs.example/" } }) },
      join(test.surroundings.env.defaultDataDir, "control.sock"),
    );
    expect(await clientOf(test).server()).toBe("https://cs.example");
  });

  it("has a default address", async () => {
    expect(await clientOf(testCli()).server()).toBe("http://localhost:7330");
  });

  it("refuses to call locally without a socket", async () => {
    expect(await code(clientOf(testCli()).json({ as: "local", path: "/v1/doctor" }))).toBe("server.unreachable");
  });
});

describe("the session", () => {
  it("proves itself with each request, and tries once more with the nonce it is told", async () => {
    const test = testCli();
    const nonces = new NonceSource(test.surroundings.random, NOW);
    const replay = new ReplayMemory();
    const server = await start({});
    const session = signedIn(server.url, test);
    server.route({
      "GET /v1/me": ({ headers }) => {
        const { authorization, dpop } = headers;
        if (authorization !== `DPoP ${session.id}`) return { status: 401, body: { code: "credential.missing" } };
        const url = `${server.url}/v1/me`;
        const proof = dpop as string;
        const verified = verifySessionProof({
          session: session.id,
          jkt: session.key.jkt,
          proof,
          method: "GET",
          url,
          nonces,
          replay,
          now: NOW,
        });
        if (verified.ok) return { body: { human: session.human } };
        return { status: 401, headers: { "dpop-nonce": nonces.current(NOW) }, body: { code: verified.code } };
      },
    });
    const client = clientOf(test, { server: server.url });
    expect(await client.json({ as: "session", path: "/v1/me" })).toEqual({ human: session.human });
    expect(server.asked).toHaveLength(2);
    await client.json({ as: "session", path: "/v1/me" });
    expect(server.asked).toHaveLength(3);
  });

  it("gives up after the second 401", async () => {
    const test = testCli();
    const server = await start({});
    let count = 0;
    server.route({
      "GET /v1/me": () => {
        count += 1;
        return { status: 401, headers: { "dpop-nonce": `n${String(count)}` }, body: { code: "credential.expired" } };
      },
    });
    signedIn(server.url, test);
    expect(await code(clientOf(test, { server: server.url }).json({ as: "session", path: "/v1/me" }))).toBe(
      "credential.expired",
    );
    expect(count).toBe(2);
  });

  it("is told apart from a server that is down", async () => {
    const test = testCli();
    const server = await start({});
    const absent = clientOf(test, { server: server.url }).json({ as: "session", path: "/v1/me" });
    expect(await code(absent)).toBe("request.unauthenticated");
    expect(await code(clientOf(test, { server: "http://localhost:1" }).json({ as: "session", path: "/v1/me" }))).toBe(
      "server.unreachable",
    );
  });

  it("has an end", async () => {
    const test = testCli();
    const server = await start({});
    signedIn(server.url, test, 60);
    test.advance(60_000);
    expect(await clientOf(test, { server: server.url }).session()).toBeNull();
  });
});

describe("answers", () => {
  it.each([
    [{ status: 403, body: { code: "brake.frozen", detail: "frozen", brake: "brk_1" } }, "brake.frozen"],
    [{ status: 403, body: { code: "made.up", detail: "x" } }, "request.forbidden"],
    [{ status: 404, body: "<html>" }, "request.not_found"],
    [{ status: 429, body: "" }, "request.too_many"],
    [{ status: 500, body: "boom" }, "internal.error"],
    [{ status: 302, headers: { location: "http://elsewhere.example/" }, body: "" }, "internal.error"],
    [{ status: 200, body: "<html>not JSON</html>" }, "internal.error"],
    [{ status: 200, body: "[1]" }, "internal.error"],
  ])("%j is the error %s", async (told, expected) => {
    const server = await start({ "GET /x": () => told });
    expect(await code(clientOf(testCli(), { server: server.url }).json({ as: "anyone", path: "/x" }))).toBe(expected);
  });

  it("keep the further members of a problem document", async () => {
    const server = await start({
      "GET /x": () => ({ status: 403, body: { code: "brake.severed", detail: "by a stop", brake: "brk_1" } }),
    });
    const failed = clientOf(testCli(), { server: server.url }).json({ as: "anyone", path: "/x" });
    await expect(failed).rejects.toMatchObject({
      code: "brake.severed",
      message: "by a stop",
      details: { brake: "brk_1" },
    });
  });

  it("are bounded in size", async () => {
    const server = await start({ "GET /x": () => ({ body: { a: "x".repeat(5000) } }) });
    expect(
      await code(clientOf(testCli(), { server: server.url }).json({ as: "anyone", path: "/x", limitBytes: 1000 })),
    ).toBe("input.too_large");
  });

  it("are given up as soon as they are too large, however long they would go on", async () => {
    const endless = createHttpServer((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write("x".repeat(1024)));
      };
      response.on("drain", more);
      more();
    }).listen(0, "127.0.0.1");
    await once(endless, "listening");
    closers.push(() => {
      endless.closeAllConnections();
      endless.close();
    });
    const url = `http://localhost:${String((endless.address() as AddressInfo).port)}`;
    const asked = clientOf(testCli(), { server: url }).json({ as: "anyone", path: "/x", limitBytes: 100_000 });
    expect(await code(asked)).toBe("input.too_large");
  });

  it("are bounded in time: a server that takes the request and says nothing is unreachable", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    closers.push(() => void silent.close());
    const url = `http://localhost:${String((silent.address() as AddressInfo).port)}`;
    const failed = clientOf(testCli(), { server: url }).json({ as: "anyone", path: "/x", answerMs: 50 });
    await expect(failed).rejects.toMatchObject({
      code: "server.unreachable",
      message: expect.stringContaining("no answer in time"),
    });
  });
});
