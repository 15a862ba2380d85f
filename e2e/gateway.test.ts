import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { LedgerEntry } from "@countersign/core";
import { GatewayProcesses, type GatewayReady } from "./support/gateway-processes.ts";
import { mcpClient, refusalOf } from "./support/installation.ts";
import type { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import type { TaskClient, Workstation } from "./support/workstation.ts";

async function read(task: TaskClient, folder: string): Promise<unknown> {
  const client = await mcpClient(task);
  try {
    return await client.callTool({ name: "read_text_file", arguments: { path: join(folder, "files", "a.txt") } });
  } finally {
    await client.close();
  }
}

const HELLO = { content: [{ text: "hello" }] };

describe("a gateway in a process of its own", () => {
  let here: GatewayProcesses;
  let alice: Person;
  let laptop: Workstation;
  beforeAll(async () => {
    here = await GatewayProcesses.create();
    ({ alice, laptop } = await here.people());
  });
  afterAll(async () => await here.close());

  async function ready(gateway: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${gateway}/readyz`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  async function statusOf(name: string): Promise<unknown> {
    const listed = await here.cli.json<{ points: { name: string; status: string }[] }>(
      "gateway",
      "list",
      "--data",
      "data",
    );
    return listed.points.find((point) => point.name === name)?.status;
  }
  const patient = { timeout: 30_000, interval: 300 };

  it("joins, serves a real client, is stopped by a freeze that names it, and leaves", async () => {
    const edge = await here.joined("edge");
    expect(edge.ready).toMatchObject({ event: "ready", name: "edge", server: here.api, pid: edge.process.child.pid });
    const task = await laptop.openTask("coder", { gateway: "edge" });
    expect(task.gateway).toBe(edge.ready.gateway);
    expect(await read(task, here.folder)).toMatchObject(HELLO);
    // Reads are spooled at the point: they are in the ledger, by its name, soon after.
    await vi.waitFor(async () => {
      const { entries } = await alice.json<{ entries: { body: { point: string; action: string; kind: string } }[] }>(
        `/v1/ledger/entries?task=${task.id}&limit=50`,
      );
      const reads = entries
        .map(({ body }) => body)
        .filter(({ action, kind }) => action === "mcp:files/read_text_file" && kind === "action.intent");
      expect(reads.map(({ point }) => point)).toEqual([edge.ready.point]);
    }, patient);

    const receipt = await alice.json<{ state: string; points: { id: string; name: string; how: string }[] }>(
      "/v1/brakes",
      { kind: "freeze", scope: { type: "task", value: task.id }, reason: "test", wait: true },
    );
    expect(receipt.state).toBe("stopped");
    expect(receipt.points.map(({ name, how }) => `${name} ${how}`).sort()).toEqual([
      "edge acknowledged",
      "hooks acknowledged",
      "mcp acknowledged",
    ]);
    expect(refusalOf(await read(task, here.folder))).toMatchObject({ code: "brake.frozen" });

    edge.process.child.kill("SIGTERM");
    expect(await edge.process.ended).toMatchObject({ code: 0 });
    expect(await statusOf("edge")).toBe("away");
  });

  it("keeps its identity for itself alone, and starts again without a token", async () => {
    const edge = await here.joined("kept");
    const folder = join(here.folder, "kept");
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "identity.json"))).mode & 0o777).toBe(0o600);
    edge.process.child.kill("SIGTERM");
    await edge.process.ended;
    const again = here.gateway("--data", "kept");
    expect(JSON.parse(await again.firstLine("stdout"))).toMatchObject({ point: edge.ready.point, server: here.api });
    const twice = await here.cli.problem("gateway", "--listen", "127.0.0.1:0", "--data", "kept");
    expect(twice).toMatchObject({ code: "data.in_use", exit: 1 });
  });

  it("comes back after kill -9 when no lease of its former process can run any more", async () => {
    const edge = await here.joined("killed");
    edge.process.child.kill("SIGKILL");
    await edge.process.ended;
    const again = here.gateway("--data", "killed");
    expect(await again.until("stderr", "\n")).toMatch(
      /not taken in yet and denies everything: another process works as/,
    );
    const back = JSON.parse(await again.firstLine("stdout")) as GatewayReady;
    expect(back.point).toBe(edge.ready.point);
    const task = await laptop.openTask("coder", { gateway: "killed" });
    expect(await read(task, here.folder)).toMatchObject(HELLO);
  });

  it("denies while the control plane is gone, says so, and goes on by itself when it is back", async () => {
    const edge = await here.joined("cut");
    const { gateway } = edge.ready;
    const task = await laptop.openTask("coder", { gateway: "cut" });
    expect(await ready(gateway)).toEqual({ status: 200, body: { ready: true } });
    expect(await read(task, here.folder)).toMatchObject(HELLO);
    here.up.child.kill("SIGKILL");
    await here.up.ended;
    await edge.process.until("stderr", "LEASE LOST");
    expect(await ready(gateway)).toMatchObject({ status: 503, body: { ready: false, code: "server.unreachable" } });
    expect(await (await fetch(`${gateway}/metrics`)).text()).toContain("countersign_gateway_lease_valid 0\n");
    expect((await fetch(`${gateway}/healthz`)).status).toBe(200);
    expect(refusalOf(await read(task, here.folder))).toMatchObject({ code: "lease.lost" });
    await here.start();
    await edge.process.until("stderr", "holds its lease again");
    expect(await ready(gateway)).toEqual({ status: 200, body: { ready: true } });
    expect(await read(task, here.folder)).toMatchObject(HELLO);
  });

  it("spools what an agent reads while the control plane is silent; killed, it merges that when it is back", async () => {
    const { process } = await here.joined("spooling");
    const client = await mcpClient(await laptop.openTask("coder", { gateway: "spooling" }));
    const look = async (name: string): Promise<unknown> =>
      await client.callTool({ name: "read_text_file", arguments: { path: join(here.folder, "files", name) } });
    expect(await look("a.txt")).toMatchObject({ content: [{ text: "hello" }] });
    await writeFile(join(here.folder, "files", "silent.txt"), "nobody listens");
    // Within its lease the gateway needs nobody for a read.
    here.up.child.kill("SIGSTOP");
    expect(await look("silent.txt")).toMatchObject({ content: [{ text: "nobody listens" }] });
    process.child.kill("SIGKILL");
    await process.ended;
    here.up.child.kill("SIGCONT");
    await client.close().catch(() => undefined);

    const again = here.gateway("--data", "spooling");
    await again.firstLine("stdout");
    const silent = async (): Promise<readonly LedgerEntry[]> => {
      const { json } = await overSocket(join(here.folder, "data", "control.sock"), "/v1/ledger/entries?limit=1000");
      const all = (json["entries"] as { body: LedgerEntry }[]).map(({ body }) => body);
      const resource = `file:${join(here.folder, "files", "silent.txt")}`;
      return all.filter((entry) => entry.resource === resource);
    };
    await expect.poll(silent, { timeout: 20_000 }).toMatchObject([
      { kind: "action.intent", effect: "read", spool: {} },
      { kind: "action.outcome", outcome: { status: "ok" }, spool: {} },
    ]);
    expect(await here.cli.json("ledger", "export", "export", "--data", "data", "--server", here.api)).toMatchObject({
      code: 0,
    });
    const verified = await here.cli.json<{ remarks: { code: string }[] }>("ledger", "verify", "--offline", "export");
    expect(verified.remarks).toEqual([]);
  });

  it("refuses a token that was used, of another installation, for another name, and one that is none", async () => {
    const token = await here.token("place");
    const join = async (given: string, ...more: string[]): Promise<Record<string, unknown>> =>
      await here.cli.problem("gateway", "--server", here.api, "--join", given, "--data", "new", ...more);
    expect(await join(token, "--name", "other")).toMatchObject({ code: "join.refused", exit: 3 });
    const [scheme, id, secret] = token.split(".");
    const foreign = [scheme, id, secret, Buffer.alloc(32, 1).toString("base64url")].join(".");
    expect(await join(foreign)).toMatchObject({ code: "join.other_bundle" });
    expect(await join("csj1.x")).toMatchObject({ code: "join.refused" });
    const process = here.gateway("--server", here.api, "--join", token, "--data", "place");
    await process.firstLine("stdout");
    expect(await join(token)).toMatchObject({ code: "join.refused" });
    expect(await here.cli.problem("gateway", "--data", "nothing")).toMatchObject({ code: "point.unknown" });
  });

  it("refuses a second process with a copied identity, which denies; the first goes on", async () => {
    const edge = await here.joined("twin");
    await cp(join(here.folder, "twin", "identity.json"), join(here.folder, "copy", "identity.json"));
    const port = await here.freePort();
    const copy = here.gateway("--data", "copy", "--listen", `127.0.0.1:${String(port)}`);
    await copy.until("stderr", "denies everything");
    const address = `http://127.0.0.1:${String(port)}`;
    expect(await ready(address)).toMatchObject({ status: 503, body: { ready: false, code: "point.in_use" } });
    const task = await laptop.openTask("coder", { gateway: "twin" });
    const denied = await fetch(`${address}/mcp/files`, { method: "POST", body: "{}" });
    expect([denied.status, await denied.json()]).toMatchObject([503, { code: "lease.lost" }]);
    expect(await read(task, here.folder)).toMatchObject(HELLO);
    expect(await ready(edge.ready.gateway)).toMatchObject({ status: 200 });
    copy.child.kill("SIGTERM");
    expect(await copy.ended).toMatchObject({ code: 0 });
  });

  it("refuses a gateway whose clock is an hour off", async () => {
    const edge = await here.joined("late");
    edge.process.child.kill("SIGTERM");
    await edge.process.ended;
    const file = join(here.folder, "hour.mjs");
    await writeFile(file, "const now = Date.now; Date.now = () => now() + 3_600_000;\n");
    const late = here
      .with({ NODE_OPTIONS: `--import=${file}` })
      .start(["gateway", "--listen", "127.0.0.1:0", "--data", "late", "--json"]);
    const { code, stderr } = await here.keep(late).ended;
    expect(code).toBe(3);
    expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({ code: "point.clock" });
    expect(await statusOf("late")).toBe("away");
  });

  it("has nothing of the key in what it says, and loses its place when it is removed", async () => {
    const edge = await here.joined("gone");
    const { key } = JSON.parse(await readFile(join(here.folder, "gone", "identity.json"), "utf8")) as {
      key: { d: string };
    };
    await here.cli.json("gateway", "remove", "gone", "--data", "data");
    await edge.process.until("stderr", "LEASE LOST");
    await vi.waitFor(async () => {
      expect(await ready(edge.ready.gateway)).toMatchObject({ status: 503, body: { code: "point.unknown" } });
    }, patient);
    edge.process.child.kill("SIGTERM");
    const { stdout, stderr } = await edge.process.ended;
    expect(stdout + stderr).not.toContain(key.d);
  });
});
