import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleHash, parseBundle, parseJoinToken } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation } from "./support/installation.ts";
import { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import type { Workstation } from "./support/workstation.ts";

interface Token {
  readonly token: string;
  readonly name: string;
  readonly expiresAt: string;
  readonly server: string;
}

/** Every row of the routes: what it takes, and what an administrator gets of a name that nobody has. */
const CHANGES = [
  ["/v1/points/tokens", { name: "edge" }, 201],
  ["/v1/points/nobody/remove", {}, 404],
  ["/v1/points/nobody/trust", {}, 404],
] as const;

describe("identities of gateways, over HTTP", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let bob: Person;

  beforeAll(async () => {
    here = await Installation.create({ config: { trustDomain: "example.org" } });
    ({ alice, laptop } = await here.people());
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: ["auditor"] });
    bob = new Person(here.composed.api);
    const { approvalId } = await bob.register(url, "Bob Example");
    await alice.answer(approvalId ?? "");
    await bob.signIn();
  });
  afterAll(async () => await here.close());

  describe("200", () => {
    it("gives the trust bundle to anybody, and openssl reads it", async () => {
      const response = await fetch(new URL("/v1/trust-bundle", here.composed.api));
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-pem-file"]);
      const pem = await response.text();
      expect(parseBundle(pem)).toMatchObject({ ok: true, bundle: { trustDomain: "example.org" } });
      const file = join(here.folder, "bundle.pem");
      writeFileSync(file, pem);
      const openssl = (...args: readonly string[]): string => execFileSync("openssl", args, { encoding: "utf8" });
      expect(openssl("verify", "-x509_strict", "-CAfile", file, file)).toBe(`${file}: OK\n`);
      expect(openssl("x509", "-in", file, "-noout", "-ext", "subjectAltName")).toContain("URI:spiffe://example.org");
    });

    it("lists points to whoever may read", async () => {
      const own = { place: "own", lease: "valid", secrets: true, jkt: null };
      const expected = {
        points: [
          { name: "mcp", ...own },
          { name: "hooks", ...own },
        ],
      };
      expect(await bob.json("/v1/points")).toMatchObject(expected);
      expect(await overSocket(join(here.data, "control.sock"), "/v1/points")).toMatchObject({ json: expected });
    });
  });

  describe("201", () => {
    it("makes a token that names the bundle, for an administrator or the owner of the data directory", async () => {
      const made = await alice.json<Token>("/v1/points/tokens", { name: "edge" });
      expect(made).toMatchObject({ name: "edge", server: here.composed.api });
      const bundle = parseBundle(await (await fetch(new URL("/v1/trust-bundle", here.composed.api))).text());
      expect(parseJoinToken(made.token)?.bundleHash).toBe(bundle.ok && bundleHash(bundle.bundle));
      expect(Date.parse(made.expiresAt) - Date.now()).toBeGreaterThan(590_000);
      const local = await overSocket(join(here.data, "control.sock"), "/v1/points/tokens", { name: "local" });
      expect(local).toMatchObject({ status: 201, json: { name: "local" } });
      expect((await laptop.fetch("/v1/points/tokens", { name: "session" })).status).toBe(201);
    });

    it("writes down who made it, and no secret", async () => {
      const { token } = await alice.json<Token>("/v1/points/tokens", { name: "edge" });
      const { entries } = await alice.json<{ entries: { body: unknown }[] }>("/v1/ledger/entries?reverse=1&limit=1");
      const expected = { kind: "identity", action: "point.token", cause: { by: alice.humanId, name: "edge" } };
      expect(entries[0]?.body).toMatchObject(expected);
      expect(JSON.stringify(entries)).not.toContain(parseJoinToken(token)?.secret);
    });
  });

  describe("400", () => {
    it.each(["", "Edge", "a b", "-edge", "x".repeat(64), "../x", 7, null])("refuses the name %j", async (name) => {
      const refused = await alice.fetch("/v1/points/tokens", { body: { name } });
      expect([refused.status, await refused.json()]).toMatchObject([400, { code: "request.invalid" }]);
    });

    it("refuses a member that it does not know", async () => {
      expect((await alice.fetch("/v1/points/tokens", { body: { name: "a", secrets: true } })).status).toBe(400);
    });
  });

  describe("401", () => {
    it.each(CHANGES)("%s: nobody is signed in", async (path, body) => {
      const headers = { "content-type": "application/json" };
      const refused = await fetch(new URL(path, here.composed.api), {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      expect([refused.status, await refused.json()]).toMatchObject([401, { code: "request.unauthenticated" }]);
    });

    it("/v1/points: nobody is signed in", async () => {
      expect((await fetch(new URL("/v1/points", here.composed.api))).status).toBe(401);
    });
  });

  describe("403", () => {
    it.each(CHANGES)("%s: not an administrator", async (path, body, status) => {
      const refused = await bob.fetch(path, { body });
      expect([refused.status, await refused.json()]).toMatchObject([403, { code: "request.forbidden" }]);
      expect((await alice.fetch(path, { body })).status).toBe(status);
    });

    it("another site's page", async () => {
      const headers = { origin: "https://evil.example" };
      const refused = await alice.fetch("/v1/points/tokens", { body: { name: "edge" }, headers });
      expect([refused.status, await refused.json()]).toMatchObject([403, { code: "request.wrong_origin" }]);
    });
  });

  describe("409", () => {
    it("the name of a part of the server", async () => {
      const refused = await alice.fetch("/v1/points/tokens", { body: { name: "mcp" } });
      expect([refused.status, await refused.json()]).toMatchObject([409, { code: "request.conflict" }]);
    });
  });

  it("keeps its authority over a restart", async () => {
    const bundle = async (): Promise<string> =>
      await (await fetch(new URL("/v1/trust-bundle", here.composed.api))).text();
    const before = await bundle();
    await here.restart();
    expect(await bundle()).toBe(before);
  });
});
