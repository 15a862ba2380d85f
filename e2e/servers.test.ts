import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeSessionProof, pooledRandom } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventReader } from "./console/event-reader.ts";
import { fileServer, mcpClient, refusalOf } from "./support/installation.ts";
import { type Started, countersign } from "./support/launcher.ts";
import { Person } from "./support/person.ts";
import { Servers } from "./support/servers.ts";
import { type TaskClient, Workstation } from "./support/workstation.ts";

const random = pooledRandom();

interface Verified {
  readonly size: number;
  readonly root: string;
}
interface Doctor {
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

/** A has a gateway of its own, B has none; both were started at once on an empty database. */
describe("servers beside each other", () => {
  let servers: Servers;
  let a: Started;
  let b: Started;
  /** The same person, at each of them. */
  let alice: { readonly a: Person; readonly b: Person };
  let laptop: Workstation;
  let task: TaskClient;
  let files: string;

  beforeAll(async () => {
    servers = await Servers.create();
    files = join(servers.folder, "files");
    await mkdir(files);
    const resources = { write_file: "file:{path}", read_text_file: "file:{path}" };
    await servers.configure({ upstreams: { files: { kind: "mcp", command: fileServer(files), resources } } });
    [a, b] = await Promise.all([servers.up("a"), servers.server("b")]);
  });
  afterAll(async () => await servers.close());

  /** What a command says on the machine of a server. */
  async function at<T>(name: string, ...args: string[]): Promise<T> {
    const ran = await countersign([...args, "--data", servers.data(name), "--json"], servers.env);
    if (ran.stdout === "") throw new Error(ran.stderr);
    return JSON.parse(ran.stdout) as T;
  }

  async function agreeing(): Promise<Verified> {
    const logs = await Promise.all(["a", "b"].map(async (name) => await at<Verified>(name, "ledger", "verify")));
    const [first, second] = logs as [Verified, Verified];
    // Both publish once a second; what is compared is a size that both have.
    if (first.size !== second.size) return await agreeing();
    expect(first.root).toBe(second.root);
    return first;
  }

  it("are set up at the one, signed in to at the other, and answer for one address", async () => {
    const links = [a.ready.setupUrl ?? "", b.ready.setupUrl ?? ""];
    const [origin] = links.map((link) => new URL(link).origin);
    expect(new Set(links.map((link) => new URL(link).origin)).size).toBe(1);
    const person = new Person(origin ?? "");
    const here = person.at(a.ready.api);
    await here.register(links[0] ?? "", "Alice Example");
    await expect(person.at(b.ready.api).register(links[1] ?? "", "Mallory")).rejects.toThrow("setup.closed");
    const there = here.at(b.ready.api);
    there.cookie = "";
    await there.signIn();
    alice = { a: here, b: there };
    laptop = new Workstation(origin ?? "");
    laptop.server = b.ready.api;
    const { id } = await laptop.requestSignIn();
    await alice.a.answer(id);
    await laptop.finishSignIn(id);
  });

  it("sign at one what was proposed at the other, also with a page of the one and a signature sent to the other", async () => {
    const created = await alice.a.json<{ id: string; approvalId: string }>("/v1/agents", {
      name: "coder",
      owner: "me",
      purpose: "keep the records tidy",
      grants: [{ action: "mcp:files/*", resource: "**" }],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    const ask = { decision: "approve", scope: "once" };
    const at = `/v1/approvals/${created.approvalId}`;
    const { publicKey } = await alice.b.json<{ publicKey: { challenge: string } }>(`${at}/options`, ask);
    const response = alice.b.passkey.sign(publicKey);
    expect(await alice.a.json(`${at}/assertion`, { ...ask, response })).toEqual({ state: "consumed" });
    await expect(alice.b.json(`${at}/assertion`, { ...ask, response })).rejects.toThrow("approval.");
    expect(await alice.b.json("/v1/agents")).toMatchObject({ agents: [{ id: created.id, status: "active" }] });
  });

  it("take each a request of one session in turn", async () => {
    for (const server of [a, b, a, b, a]) {
      laptop.server = server.ready.api;
      expect(await laptop.json("/v1/agents")).toMatchObject({ agents: [{ name: "coder" }] });
    }
  });

  it("take a proof once, whichever of them gave the nonce, and whichever it is sent to", async () => {
    const authorization = `DPoP ${laptop.session}`;
    const ask = async (server: Started, dpop: string): Promise<Response> =>
      await fetch(`${server.ready.api}/v1/agents`, { headers: { authorization, dpop } });
    const nonce = (await ask(a, "none")).headers.get("dpop-nonce");
    const { sessionKey: key, session, api } = laptop;
    const dpop = makeSessionProof({
      key,
      session,
      nonce,
      method: "GET",
      url: `${api}/v1/agents`,
      now: Date.now(),
      random,
    });
    expect((await ask(b, dpop)).status).toBe(200);
    for (const server of [a, b]) {
      const again = await ask(server, dpop);
      expect(await again.json()).toMatchObject({ status: 401, code: "credential.replayed" });
    }
  });

  it("hold at the gateway of one what is signed at the other, and tell both who listens", async () => {
    laptop.server = b.ready.api;
    task = await laptop.openTask("coder");
    const events = await EventReader.open(alice.a);
    const path = join(files, "held.txt");
    const client = await mcpClient(task);
    const write = { name: "write_file", arguments: { path, content: "signed at the other" } };
    const held = refusalOf(await client.callTool(write));
    expect(held).toMatchObject({ decision: "hold" });
    const approval = held?.approval ?? "";
    expect((await alice.b.pending()).map(({ id }) => id)).toContain(approval);
    const seen = events.hints.length;
    expect(await alice.b.answer(approval)).toEqual({ state: "approved" });
    await events.until((hints) => hints.slice(seen).some(({ kind, id }) => kind === "approval" && id === approval));
    expect(refusalOf(await client.callTool(write))).toBeNull();
    expect(await readFile(path, "utf8")).toBe("signed at the other");
    await client.close();
    events.close();
  });

  it("stop at one what a point of the other does", async () => {
    const path = join(files, "stopped.txt");
    await writeFile(path, "there");
    const client = await mcpClient(task);
    const read = { name: "read_text_file", arguments: { path } };
    expect(refusalOf(await client.callTool(read))).toBeNull();
    const receipt = await alice.b.json<{ brake: string; points: { name: string; how: string }[] }>("/v1/brakes", {
      kind: "freeze",
      scope: { type: "agent", value: (await alice.b.json<{ agents: { id: string }[] }>("/v1/agents")).agents[0]?.id },
      reason: "look at this first",
    });
    expect(refusalOf(await client.callTool(read))).toMatchObject({ code: "brake.frozen", brake: receipt.brake });
    const told = receipt.points.map(({ name, how }) => `${name.replace(/@.*/, "")} ${how}`);
    expect(told.toSorted()).toEqual(["hooks acknowledged", "mcp acknowledged"]);
    const { approvalId } = await alice.a.json<{ approvalId: string }>(`/v1/brakes/${receipt.brake}/thaw`, {});
    await alice.b.answer(approvalId);
    // The third try against a brake severs the task, so it is tried when the point can know of the thaw.
    const inForce = async (): Promise<readonly { id: string }[]> =>
      (await alice.a.json<{ brakes: { id: string }[] }>("/v1/brakes?state=active")).brakes;
    await expect.poll(inForce).not.toContainEqual(expect.objectContaining({ id: receipt.brake }));
    await expect.poll(async () => refusalOf(await client.callTool(read)), { interval: 2000 }).toBeNull();
    await client.close();
  });

  it("publish the same log each", async () => {
    expect((await agreeing()).size).toBeGreaterThan(10);
    for (const name of ["a", "b"]) {
      const { checks } = await at<Doctor>(name, "doctor");
      expect(checks.find((check) => check.name === "ledger consistency")).toMatchObject({ ok: true });
    }
  });

  it("refuse one that is not told the database, and one without the master key, and make nothing for it", async () => {
    const refused = async (env: NodeJS.ProcessEnv): Promise<{ code: string; detail: string }> => {
      const ran = await countersign(["server", "--data", servers.data("c"), "--config", servers.file, "--json"], env);
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      return JSON.parse(ran.stderr) as { code: string; detail: string };
    };
    const { DATABASE_URL: _, ...untold } = servers.env;
    expect(await refused(untold)).toMatchObject({
      code: "config.invalid",
      detail: expect.stringContaining("DATABASE_URL"),
    });
    const key = join(servers.folder, "elsewhere", "master.key");
    expect(await refused({ ...servers.env, COUNTERSIGN_MASTER_KEY_FILE: key })).toMatchObject({
      code: "data.damaged",
      detail: expect.stringContaining("there is no master key"),
    });
    expect(existsSync(key)).toBe(false);
  });

  it("lose nothing with one of them: the other goes on, and it comes back", async () => {
    const before = await agreeing();
    await a.stop("SIGKILL");
    const invited = await alice.b.json<{ url: string }>("/v1/humans/invites", { roles: [] });
    expect(invited.url).toContain("/invite?token=");
    const alone = await at<Verified>("b", "ledger", "verify");
    expect(alone.size).toBeGreaterThanOrEqual(before.size);
    a = await servers.up("a");
    expect(a.ready.setupUrl).toBeNull();
    alice = { ...alice, a: alice.a.at(a.ready.api) };
    expect(await alice.a.json("/v1/agents")).toMatchObject({ agents: [{ name: "coder", status: "active" }] });
    const after = await agreeing();
    expect(after.size).toBeGreaterThan(before.size);
    expect(await Promise.all([a.stop(), b.stop()])).toEqual([0, 0]);
  });
});
