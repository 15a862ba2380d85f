import { sign } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalBytes } from "@countersign/core";
import { generateSigningKey } from "@countersign/credentials";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { testCli, type TestCli } from "../testing/test-cli.ts";

const key = generateSigningKey();
const other = generateSigningKey();
const unsigned = {
  id: "rcp_1",
  brake: "brk_1",
  kind: "freeze",
  scope: { type: "all", value: "*" },
  requestedAt: "2026-11-22T02:00:00.000Z",
  settledAt: "2026-11-22T02:00:00.004Z",
  state: "stopped",
  points: [{ id: "ep_1", name: "mcp", how: "acknowledged", at: "2026-11-22T02:00:00.004Z", inFlight: [] }],
  kid: key.jkt,
};
const receipt = { ...unsigned, signature: sign(null, canonicalBytes(unsigned), key.privateKey).toString("base64url") };

describe("receipt verify", () => {
  let server: TestControlPlane;
  let test: TestCli;
  const write = (name: string, value: unknown): void => {
    writeFileSync(join(test.surroundings.env.cwd, name), typeof value === "string" ? value : JSON.stringify(value));
  };

  beforeEach(async () => {
    server = await startControlPlane({
      "GET /v1/keys": () => ({
        body: {
          receipts: [
            { kid: "x", jwk: other.jwk },
            { kid: key.jkt, jwk: key.jwk },
          ],
        },
      }),
    });
    test = testCli({ env: { server: server.url } });
    write("r.json", receipt);
  });
  afterEach(async () => await server.close());

  it("takes the key of the running control plane, and says so", async () => {
    const { code, stdout } = await test.run("receipt", "verify", "r.json");
    expect(code).toBe(0);
    expect(stdout).toContain(`verified  signed by ${key.jkt} (key from \`${server.url}\`)`);
    expect(stdout).toContain("mcp stopped 4 ms");
    expect(JSON.parse((await test.run("receipt", "verify", "r.json", "--json")).stdout)).toMatchObject({
      ok: true,
      kid: key.jkt,
      receipt,
    });
  });

  it.each([
    ["keys.json of an export", { receipts: [{ kid: key.jkt, jwk: key.jwk }] }],
    [
      "a JWK set",
      {
        keys: [
          { ...other.jwk, kid: "a" },
          { ...key.jwk, kid: "b" },
        ],
      },
    ],
    ["one JWK", { ...key.jwk }],
  ])("takes %s with --key, without any server", async (_, keys) => {
    write("k.json", keys);
    await server.close();
    expect(await test.run("receipt", "verify", "r.json", "--key", "k.json")).toMatchObject({ code: 0 });
    server = await startControlPlane({});
  });

  it("takes the bare public key, and keys.json beside the receipt", async () => {
    expect(await test.run("receipt", "verify", "r.json", `--key=${key.jwk.x}`)).toMatchObject({ code: 0 });
    mkdirSync(join(test.surroundings.env.cwd, "export"));
    write("export/r.json", receipt);
    write("export/keys.json", { receipts: [{ jwk: key.jwk }] });
    expect(await test.run("receipt", "verify", "export/r.json")).toMatchObject({ code: 0 });
    expect(server.asked).toEqual([]);
  });

  it.each([
    ["another value", { ...receipt, state: "stopping" }],
    ["a member more", { ...receipt, more: 1 }],
    ["a member less", { ...receipt, points: undefined }],
    ["another signature", { ...receipt, signature: receipt.signature.replace(/^./, (c) => (c === "A" ? "B" : "A")) }],
    ["no signature", { ...receipt, signature: undefined }],
    ["a signature that is no text", { ...receipt, signature: 1 }],
  ])("refuses %s", async (_, changed) => {
    write("r.json", changed);
    const { code, stdout, stderr } = await test.run("receipt", "verify", "r.json", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ code: "request.invalid" });
  });

  it.each([
    ["a key that was not asked for", { ...receipt, kid: "nobody" }, "is not in"],
    ["no object", "[]", "is not a JSON object"],
    ["no JSON", "{", "is not strict JSON"],
    ["a key twice", '{"kid":"a","kid":"b"}', "is not strict JSON"],
  ])("refuses %s", async (_, text, says) => {
    write("r.json", text);
    expect(await test.run("receipt", "verify", "r.json")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(says),
    });
  });

  it("does not take the signature of another key", async () => {
    const signature = sign(null, canonicalBytes(unsigned), other.privateKey).toString("base64url");
    write("r.json", { ...receipt, signature });
    expect((await test.run("receipt", "verify", "r.json")).code).toBe(1);
    write("k.json", { nothing: true });
    expect(await test.run("receipt", "verify", "r.json", "--key", "k.json")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("holds no public key"),
    });
  });
});
