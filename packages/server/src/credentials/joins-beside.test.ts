import { afterAll, beforeAll, expect, it } from "vitest";
import { IdentityFixture, type Postgres, startPostgres } from "../testing/index.ts";

let postgres: Postgres;
let servers: readonly [IdentityFixture, IdentityFixture];
beforeAll(async () => {
  postgres = await startPostgres();
  const url = await postgres.url("identities");
  servers = [new IdentityFixture(url), new IdentityFixture(url)];
  await Promise.all(servers.map(async (server) => await server.open()));
});
afterAll(async () => {
  for (const server of servers) {
    await server.close();
    server.remove();
  }
  await postgres.stop();
});

it("makes one authority, though two servers start at once on an empty PostgreSQL", async () => {
  const [a, b] = servers.map((server) => server.get().authority);
  expect(a?.pem).toBe(b?.pem);
  const entries = await servers[0].get().kernel.store.entries({ limit: 10, kind: "key" });
  expect(entries.map(({ body }) => body)).toEqual([expect.objectContaining({ action: "authority.create" })]);
});

it("knows at one server what the other one issued", async () => {
  const [a, b] = servers;
  const { token } = await a.get().joins.create("edge", "local");
  const joined = await b.redeem(token);
  const der = Buffer.from(joined.svid.replace(/-----[^-]+-----|\s/g, ""), "base64");
  expect(await a.get().identities.identify(der)).toMatchObject({ ok: true, name: "edge", point: joined.point });
  await a.get().identities.remove("edge", "local");
  expect(await b.get().identities.identify(der)).toEqual({ ok: false, code: "point.unknown" });
});

it("lets exactly one in of those that bring one token to two servers at once, time and again", async () => {
  for (let round = 0; round < 10; round += 1) {
    const name = `twice-${String(round)}`;
    const { token } = await servers[round % 2 === 0 ? 0 : 1].get().joins.create(name, "local");
    const tries = await Promise.allSettled(
      [0, 1, 0, 1].map(async (at) => await servers[at === 0 ? 0 : 1].redeem(token)),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await servers[0].get().kernel.store.count("point", { key: name })).toBe(1);
  }
});

it("never makes two points of one name, whoever makes tokens for it at once", async () => {
  const both = await Promise.all(servers.map(async (server) => await server.get().joins.create("one", "local")));
  await Promise.allSettled(both.map(async ({ token }, at) => await servers[at === 0 ? 0 : 1].redeem(token)));
  expect(await servers[0].get().kernel.store.count("point", { key: "one" })).toBe(1);
});
