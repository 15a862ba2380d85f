import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateSigningKey, makeProof, signKeyProof } from "@countersign/credentials";
import { createSoftAuthenticator } from "@countersign/credentials/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { compose } from "../packages/cli/src/compose.ts";
import { verifies } from "./support/invariants.ts";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import { Workstation } from "./support/workstation.ts";

/**
 * An agent that runs as its owner's user on its owner's machine reads what the owner can read and wants out. Each way that it might take is
 * a test here, or a row in docs/threat-model.md that says plainly what it gains.
 */
describe("escapes of an agent that runs as the same user", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  const socket = (): string => join(here.data, "control.sock");

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
  });
  afterAll(async () => await here.close());

  const heldWrite = async (
    name: string,
  ): Promise<{ approval: string; write: { name: string; arguments: Record<string, string> } }> => {
    const client = await mcpClient(await laptop.openTask("coder"));
    const write = { name: "write_file", arguments: { path: join(here.files, name), content: "x" } };
    const held = refusalOf(await client.callTool(write));
    await client.close();
    return { approval: held?.approval ?? "", write };
  };

  it("1. reads the key files: the session and device keys sign no approval", verifies("INV-5", "INV-12"), async () => {
    const { approval } = await heldWrite("keys.txt");
    // What the files hold is exactly what the workstation has: a session, its key and the device key.
    const options = await laptop.json<{ publicKey: { challenge: string } }>(`/v1/approvals/${approval}/options`, {
      decision: "approve",
      scope: "once",
    });
    const own = createSoftAuthenticator({ rpId: "localhost", origin: new URL(here.composed.api).origin });
    const forged = await laptop.fetch(`/v1/approvals/${approval}/assertion`, {
      decision: "approve",
      scope: "once",
      response: own.sign(options.publicKey),
    });
    expect(forged.status).toBe(403);
    expect(await forged.json()).toMatchObject({ code: "webauthn.refused" });
  });

  it("2. calls the control socket: it loosens nothing", verifies("INV-12"), async () => {
    const { approval } = await heldWrite("socket.txt");
    const ask = { decision: "approve", scope: "once" };
    expect((await overSocket(socket(), `/v1/approvals/${approval}/options`, ask)).json["code"]).toBe(
      "request.forbidden",
    );
    expect((await overSocket(socket(), "/v1/tasks", { agent: "coder", purpose: "mine" })).json["code"]).toBe(
      "task.no_human",
    );
    const before = (await overSocket(socket(), "/v1/policies")).json;
    const proposed = await overSocket(socket(), "/v1/policies", {
      text: '@id("all") permit(principal, action, resource);',
    });
    expect(proposed.status).toBe(202);
    expect((await overSocket(socket(), "/v1/policies")).json).toEqual(before);
    const frozen = await overSocket(socket(), "/v1/brakes", {
      kind: "freeze",
      scope: { type: "all" },
      reason: "from the socket",
    });
    const brake = String(frozen.json["brake"]);
    expect((await overSocket(socket(), `/v1/brakes/${brake}/thaw`, {})).status).toBe(202);
    const active = (await overSocket(socket(), "/v1/brakes")).json["brakes"] as { id: string }[];
    expect(active.map((b) => b.id)).toContain(brake);
    const thaw = (await alice.pending()).find((a) => a.display.resource === brake);
    await alice.answer(thaw?.id ?? "");
  });

  it("4. edits the configuration: what loosens waits for a signature", verifies("INV-12"), async () => {
    const file = join(here.folder, "countersign.yaml");
    const config = parse(await readFile(file, "utf8")) as { upstreams: { files: Record<string, unknown> } };
    config.upstreams.files["effects"] = { write_file: "read" };
    await here.restart(stringify(config));
    expect(here.composed.pendingChanges.map((c) => c.what)).toEqual(["upstream files"]);
    laptop = new Workstation(here.composed.api);
    await laptop.signIn(alice);
    expect((await heldWrite("config.txt")).approval).toMatch(/^apr_/);
  });

  it("5. uses the set-up link again", async () => {
    expect(here.composed.setupUrl).toBeNull();
    const mallory = new Person(here.composed.api);
    const refused = await mallory.fetch("/v1/webauthn/registration/options", {
      body: { setupToken: "x".repeat(43), name: "Mallory" },
    });
    expect(await refused.json()).toMatchObject({ code: "setup.closed" });
  });

  it(
    "6. registers an authenticator of its own: it may do nothing until an administrator signed it",
    verifies("INV-12"),
    async () => {
      const invited = await overSocket(socket(), "/v1/humans/invites", { roles: ["admin"] });
      const mallory = new Person(here.composed.api);
      const registered = await mallory.register(String(invited.json["url"]), "Mallory");
      expect(registered.approvalId).toMatch(/^apr_/);
      await expect(mallory.signIn()).rejects.toThrow(/webauthn.refused/);
      const { approval } = await heldWrite("authenticator.txt");
      await expect(mallory.answer(approval)).rejects.toThrow(/request.unauthenticated/);
      await expect(mallory.answer(registered.approvalId ?? "")).rejects.toThrow(/request.unauthenticated/);
    },
  );

  it("7. replays a token and a proof: both are worth nothing without the key", verifies("INV-4"), async () => {
    const task = await laptop.openTask("coder");
    const client = await mcpClient(task);
    await client.close();
    const url = `${task.gateway}/mcp/files`;
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
    let nonce: string | null = null;
    const send = async (headers: Record<string, string>): Promise<number> => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
        body,
      });
      nonce = response.headers.get("dpop-nonce") ?? nonce;
      return response.status;
    };
    expect(await send({ authorization: `Bearer ${task.accessToken}` })).toBe(401);
    expect(await send({ authorization: `DPoP ${task.accessToken}` })).toBe(401);
    const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n));
    const proof = { method: "POST", url, accessToken: task.accessToken, nonce, now: Date.now(), random };
    const stolen = makeProof({ ...proof, key: generateSigningKey() });
    expect(await send({ authorization: `DPoP ${task.accessToken}`, dpop: stolen })).toBe(401);
    const seen = makeProof({ ...proof, key: task.key });
    const first = await send({ authorization: `DPoP ${task.accessToken}`, dpop: seen });
    expect(first).not.toBe(401);
    expect(await send({ authorization: `DPoP ${task.accessToken}`, dpop: seen })).toBe(401);
  });

  it("8. approves through the browser's open session: the cookie signs nothing", verifies("INV-5"), async () => {
    const { approval } = await heldWrite("cookie.txt");
    const ask = { decision: "approve", scope: "once" };
    const crossSite = await alice.fetch(`/v1/approvals/${approval}/options`, {
      body: ask,
      headers: { origin: "http://evil.example" },
    });
    expect(await crossSite.json()).toMatchObject({ code: "request.wrong_origin" });
    const framed = await alice.fetch(`/v1/approvals/${approval}/options`, {
      body: ask,
      headers: { "sec-fetch-site": "cross-site" },
    });
    expect(await framed.json()).toMatchObject({ code: "request.wrong_origin" });
    const { publicKey } = await alice.json<{ publicKey: { challenge: string } }>(
      `/v1/approvals/${approval}/options`,
      ask,
    );
    for (const lie of [
      { uv: false },
      { crossOrigin: true },
      { origin: "http://evil.example" },
      { type: "webauthn.create" },
    ]) {
      const response = alice.passkey.sign(publicKey, lie);
      const refused = await alice.fetch(`/v1/approvals/${approval}/assertion`, { body: { ...ask, response } });
      expect(await refused.json(), JSON.stringify(lie)).toMatchObject({ code: "webauthn.refused" });
    }
    // A signature that was given for something else.
    const other = await heldWrite("other.txt");
    const elsewhere = await alice.json<{ publicKey: { challenge: string } }>(
      `/v1/approvals/${other.approval}/options`,
      ask,
    );
    const moved = await alice.fetch(`/v1/approvals/${approval}/assertion`, {
      body: { ...ask, response: alice.passkey.sign(elsewhere.publicKey) },
    });
    expect(await moved.json()).toMatchObject({ code: "webauthn.refused" });
  });

  it("9. starts its own shim from another program: its first act is held", async () => {
    const runtime = { executable: "/usr/bin/known", sha256: "a".repeat(64), pid: 1, uid: 0 };
    await laptop.openTask("coder", { runtime });
    const client = await mcpClient(
      await laptop.openTask("coder", { runtime: { ...runtime, executable: "/tmp/evil", sha256: "b".repeat(64) } }),
    );
    const read = refusalOf(await client.callTool({ name: "list_directory", arguments: { path: here.files } }));
    expect(read).toMatchObject({ decision: "hold", code: "countersignature.required" });
    const known = await mcpClient(await laptop.openTask("coder", { runtime }));
    expect(refusalOf(await known.callTool({ name: "list_directory", arguments: { path: here.files } }))).toBeNull();
    await Promise.all([client.close(), known.close()]);
  });

  it(
    "10. copies the data folder: without the master key it opens nothing, and it holds no names or arguments in clear",
    verifies("INV-9"),
    async () => {
      const copy = join(here.folder, "copy");
      await heldWrite("very-secret-argument.txt");
      await here.restart();
      await here.composed.close();
      await cp(here.data, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
      const bytes = await Promise.all(
        (await readdir(copy, { recursive: true, withFileTypes: true }))
          .filter((e) => e.isFile())
          .map(async (e) => await readFile(join(e.parentPath, e.name), "latin1")),
      );
      expect(bytes.join("")).not.toContain("Alice Example");
      await writeFile(
        join(here.folder, "other.yaml"),
        stringify({ listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" } }),
      );
      const started = compose({
        dataDir: copy,
        configFile: join(here.folder, "other.yaml"),
        url: null,
        tls: null,
        behindProxy: false,
        env: { configDir: join(here.folder, "another-user"), configuration: {}, variables: {} },
      });
      await expect(started).rejects.toMatchObject({ code: "data.damaged" });
      await here.start();
    },
  );

  it("12. kills the gateway: nothing is reached any more", async () => {
    laptop = new Workstation(here.composed.api);
    await laptop.signIn(alice);
    const task = await laptop.openTask("coder");
    const client = await mcpClient(task);
    await here.composed.close();
    await expect(client.callTool({ name: "list_directory", arguments: { path: here.files } })).rejects.toThrow(
      /fetch failed|closed|ECONN/i,
    );
    await here.start();
    const renewed = await fetch(`${new URL(here.composed.api).origin}/v1/tasks/${task.id}/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        keyProof: signKeyProof(generateSigningKey(), {
          purpose: "task",
          audience: new URL(here.composed.api).origin,
          nonce: task.id,
          now: Date.now(),
        }),
      }),
    });
    expect(await renewed.json()).toMatchObject({ code: "credential.wrong_key" });
  });
});
