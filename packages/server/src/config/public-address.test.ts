import { describe, expect, it } from "vitest";
import { settlePublicAddress } from "./public-address.ts";

type Wanted = Partial<Parameters<typeof settlePublicAddress>[0]>;
const settle = async (
  wanted: Wanted,
  bound: string | null = null,
): Promise<Awaited<ReturnType<typeof settlePublicAddress>>> =>
  await settlePublicAddress(
    { publicUrl: undefined, api: undefined, hasTls: false, behindProxy: false, ...wanted },
    { bound, shared: null, former: bound === null ? null : Number(new URL(bound).port) },
  );
const TLS = { hasTls: true };
const NAME = "https://cs.example";
const LOCAL = "http://localhost:7330";

describe("settlePublicAddress", () => {
  it.each([
    [{}, LOCAL, "127.0.0.1:7330"],
    [TLS, "https://localhost:7330", "127.0.0.1:7330"],
    [{ publicUrl: NAME, ...TLS }, NAME, "0.0.0.0:443"],
    [{ publicUrl: `${NAME}:8443/`, ...TLS }, `${NAME}:8443`, "0.0.0.0:8443"],
    [{ publicUrl: NAME, ...TLS, api: "10.0.0.1:8443" }, NAME, "10.0.0.1:8443"],
    [{ publicUrl: NAME, behindProxy: true }, NAME, "127.0.0.1:7330"],
    [{ publicUrl: NAME, behindProxy: true, api: "0.0.0.0:80" }, NAME, "0.0.0.0:80"],
    [{ publicUrl: "http://cs.localhost:7330" }, "http://cs.localhost:7330", "127.0.0.1:7330"],
    [{ publicUrl: "HTTPS://CS.Example:443", ...TLS }, NAME, "0.0.0.0:443"],
  ])("%j is reached at %s and listens at %s", async (wanted, publicUrl, api) => {
    expect(await settle(wanted)).toEqual({ publicUrl, api, refused: null });
  });

  it.each([
    [{ publicUrl: "nonsense" }, "of the form"],
    [{ publicUrl: "ftp://cs.example" }, "of the form"],
    [{ publicUrl: `${NAME}/path`, ...TLS }, "of the form"],
    [{ publicUrl: "https://10.0.0.1", ...TLS }, "is a number"],
    [{ publicUrl: "https://[::1]:7330", ...TLS }, "is a number"],
    [{ publicUrl: "https://0x7f000001", ...TLS }, "is a number"],
    [{ publicUrl: "http://cs.example" }, "not encrypted"],
    [{ publicUrl: "http://cs.example", behindProxy: true }, "not encrypted"],
    [{ publicUrl: NAME }, "needs TLS"],
    [{ publicUrl: LOCAL, ...TLS }, "certificate does not fit"],
  ])("refuses %j", async (wanted, says) => {
    await expect(settle(wanted)).rejects.toMatchObject({
      code: "config.invalid",
      detail: expect.stringContaining(says),
    });
  });

  it.each(["0.0.0.0:7330", "[::]:7330", "10.0.0.1:7330", "cs.example:7330", "127.example:1"])(
    "does not listen at %s without TLS",
    async (api) => {
      await expect(settle({ api })).rejects.toMatchObject({ code: "listen.unsafe" });
    },
  );

  it("stays at the address that passkeys are bound to, and says which other one was asked for", async () => {
    expect(await settle({ publicUrl: NAME, ...TLS }, LOCAL)).toEqual({
      publicUrl: LOCAL,
      api: "127.0.0.1:7330",
      refused: NAME,
    });
    const other = "https://other.example";
    expect(await settle({ publicUrl: other, ...TLS }, NAME)).toMatchObject({ publicUrl: NAME, refused: other });
    expect(await settle({ ...TLS }, NAME)).toMatchObject({ publicUrl: NAME, api: "0.0.0.0:443", refused: null });
    expect(await settle({ publicUrl: NAME, behindProxy: true }, NAME)).toMatchObject({ refused: null });
  });

  it("says so when another port is listened on than the one that passkeys are bound to", async () => {
    const api = "127.0.0.1:8000";
    expect(await settle({ api }, LOCAL)).toEqual({ publicUrl: LOCAL, api, refused: "http://localhost:8000" });
    expect(await settle({ api: "127.0.0.1:0" }, LOCAL)).toMatchObject({ api: "127.0.0.1:7330", refused: null });
    // Whoever names the address knows of a forwarded port.
    expect(await settle({ api, publicUrl: LOCAL }, LOCAL)).toMatchObject({ refused: null });
    expect(await settle({ api, behindProxy: true }, LOCAL)).toMatchObject({ refused: null });
  });

  it("does not go on in clear where the address is bound to TLS", async () => {
    await expect(settle({}, NAME)).rejects.toMatchObject({ detail: expect.stringContaining("needs TLS") });
    await expect(settle({ publicUrl: LOCAL }, NAME)).rejects.toMatchObject({ code: "config.invalid" });
    await expect(settle({ ...TLS }, LOCAL)).rejects.toMatchObject({ code: "config.invalid" });
  });

  it.each([
    ["where the first server is", {}, "127.0.0.1:7340"],
    ["and says nothing of another port", { api: "127.0.0.1:7341" }, "127.0.0.1:7341"],
  ])("a server beside others has their origin, %s", async (_, wanted, api) => {
    const all = { publicUrl: undefined, api: "127.0.0.1:0", hasTls: false, behindProxy: false, ...wanted };
    const known = { shared: LOCAL, former: 7340 };
    for (const bound of [null, LOCAL])
      expect(await settlePublicAddress(all, { ...known, bound })).toEqual({ publicUrl: LOCAL, api, refused: null });
  });
});
