import { describe, expect, it } from "vitest";
import { Servers } from "../testing/servers.ts";
import { SharedNonces } from "./shared-nonces.ts";

const MINUTE = 60_000;

describe("SharedNonces", () => {
  it("are the same for all servers, taken for two to four minutes, also from one whose clock is ahead", async () => {
    await using servers = await Servers.open();
    const [here, there] = servers.both((kernel) => new SharedNonces(kernel));
    const now = Math.floor(servers.a.now() / (2 * MINUTE)) * 2 * MINUTE;
    const nonce = here.current(now);
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const taken = [-2, 0, 1.9, 2, 3.9].map((minutes) => there.accepts(nonce, now + minutes * MINUTE));
    expect(taken).toEqual([true, true, true, true, true]);
    expect([-2.1, 4, 6].map((minutes) => there.accepts(nonce, now + minutes * MINUTE))).toEqual([false, false, false]);
    expect([there.accepts("", now), there.accepts(`${nonce}A`, now)]).toEqual([false, false]);
  });

  it("are over with the generation of the database", async () => {
    await using servers = await Servers.open();
    const { keys, store } = servers.a;
    const now = servers.a.now();
    const nonce = new SharedNonces({ keys, store }).current(now);
    const later = { generation: store.generation + 1 } as typeof store;
    expect(new SharedNonces({ keys, store: later }).accepts(nonce, now)).toBe(false);
  });
});
