import { createPublicKey, verify } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canonicalBytes } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifies } from "./support/invariants.ts";
import { Installation, fileServer, mcpClient, refusalOf } from "./support/installation.ts";
import type { Person } from "./support/person.ts";
import type { Workstation } from "./support/workstation.ts";

interface Receipt {
  readonly brake: string;
  readonly state: string;
  readonly version: number;
  readonly entryIndex: number;
  readonly kid: string;
  readonly signature: string;
  readonly requestedAt: string;
  readonly settledAt: string;
  readonly points: readonly {
    id: string;
    name: string;
    how: string;
    at: string;
    inFlight: readonly { intent: string; disposition: string }[];
  }[];
}

const everything = [
  process.execPath,
  fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js")),
  "stdio",
];

describe("stops", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;

  beforeAll(async () => {
    here = await Installation.create();
    await here.composed.close();
    const resources = {
      write_file: "file:{path}",
      read_multiple_files: "file:{paths[]}",
      move_file: ["file:{source}", "file:{destination}"],
    };
    const files = { kind: "mcp", command: fileServer(here.files), resources };
    const slow = {
      kind: "mcp",
      command: everything,
      effects: { "trigger-long-running-operation": "read", echo: "read" },
    };
    await here.renew({ files, slow });
    ({ alice, laptop } = await here.people());
    await here.agent(alice, { grants: [{ action: "mcp:*/*", resource: "**" }] });
  });
  afterAll(async () => await here.close());

  const stop = async (kind: "freeze" | "sever", scope: { type: string; value: string }): Promise<Receipt> =>
    await alice.json<Receipt>("/v1/brakes", { kind, scope, reason: "code freeze" });
  const thaw = async (brake: string): Promise<void> => {
    const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/brakes/${brake}/thaw`, {});
    await alice.answer(approvalId);
  };

  it("gives a receipt that names each point and that a stranger can verify", verifies("INV-3"), async () => {
    const receipt = await stop("freeze", { type: "all", value: "*" });
    const stopped = { how: "acknowledged", inFlight: [] };
    const points = [
      { name: "mcp", ...stopped },
      { name: "hooks", ...stopped },
    ];
    expect(receipt).toMatchObject({ state: "stopped", points });
    const { receipts } = await alice.json<{ receipts: { kid: string; jwk: object }[] }>("/v1/keys");
    const { signature, ...signed } = receipt;
    const key = createPublicKey({
      key: (receipts.find((k) => k.kid === receipt.kid)?.jwk ?? {}) as never,
      format: "jwk",
    });
    expect(verify(null, canonicalBytes(signed), key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(verify(null, canonicalBytes({ ...signed, state: "other" }), key, Buffer.from(signature, "base64url"))).toBe(
      false,
    );
    expect(await alice.json(`/v1/brakes/${receipt.brake}`)).toEqual(receipt);
    await thaw(receipt.brake);
  });

  it("of a resource reach every tool that names it among others, and the ledger finds such calls by each", async () => {
    const [free, records] = [join(here.files, "free"), join(here.files, "records")];
    await Promise.all([free, records].map(async (folder) => await mkdir(folder)));
    const [mine, theirs] = [join(free, "mine.txt"), join(records, "theirs.txt")];
    await Promise.all([mine, theirs].map(async (path) => await writeFile(path, "secret of the folder")));
    const client = await mcpClient(await laptop.openTask("coder"));
    const both = { name: "read_multiple_files", arguments: { paths: [mine, theirs] } };
    const away = { name: "move_file", arguments: { source: mine, destination: join(records, "mine.txt") } };
    expect(JSON.stringify(await client.callTool(both))).toContain("secret of the folder");
    const held = refusalOf(await client.callTool(away));
    expect(await alice.json(`/v1/approvals/${held?.approval ?? ""}`)).toMatchObject({
      display: { resources: [`file:${away.arguments.source}`, `file:${away.arguments.destination}`] },
      task: null,
    });
    await alice.answer(held?.approval ?? "");
    const { brake } = await stop("freeze", { type: "resource", value: `file:${records}/**` });
    expect(await alice.json(`/v1/approvals/${held?.approval ?? ""}`)).toMatchObject({ state: "void" });
    for (const call of [both, away])
      expect(refusalOf(await client.callTool(call))).toMatchObject({ code: "brake.frozen", brake });
    const free1 = { name: "read_multiple_files", arguments: { paths: [mine] } };
    expect(refusalOf(await client.callTool(free1))).toBeNull();
    expect(await readFile(mine, "utf8")).toBe("secret of the folder");
    for (const name of [`file:${records}/**`, `file:${free}/mine.txt`]) {
      const { acts } = await alice.json<{ acts: { action: string; decision: { result: string } }[] }>(
        `/v1/ledger/who?resource=${encodeURIComponent(name)}&limit=50`,
      );
      for (const action of ["mcp:files/read_multiple_files", "mcp:files/move_file"])
        expect(acts).toContainEqual(
          expect.objectContaining({ action, decision: expect.objectContaining({ result: "deny" }) }),
        );
    }
    await thaw(brake);
    await client.close();
  });

  it(
    "denies every further try naming the freeze, severs the task at the third, and keeps it so until its owner signs",
    verifies("INV-3"),
    async () => {
      const task = await laptop.openTask("coder");
      const client = await mcpClient(task);
      const path = join(here.files, "frozen.txt");
      await writeFile(path, "records");
      const frozen = await stop("freeze", {
        type: "agent",
        value: (await alice.json<{ id: string }>("/v1/agents/coder")).id,
      });
      for (let i = 0; i < 11; i += 1) {
        const refusal = refusalOf(
          await client.callTool({ name: "write_file", arguments: { path, content: `[${String(i)}]` } }),
        );
        expect(refusal).toMatchObject({ decision: "deny", code: "brake.frozen", brake: frozen.brake });
      }
      expect(await readFile(path, "utf8")).toBe("records");
      expect(await alice.json(`/v1/tasks/${task.id}`)).toMatchObject({ status: "severed" });
      await thaw(frozen.brake);
      expect(refusalOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }))).toMatchObject({
        code: "brake.severed",
      });
      await expect(laptop.openTask("coder")).rejects.toThrow(/brake.severed/);
      const { brakes } = await alice.json<{ brakes: { id: string; kind: string }[] }>("/v1/brakes");
      for (const brake of brakes) await thaw(brake.id);
      const again = await mcpClient(await laptop.openTask("coder"));
      expect(refusalOf(await again.callTool({ name: "list_allowed_directories", arguments: {} }))).toBeNull();
      await Promise.all([client.close(), again.close()]);
    },
  );

  it(
    "cuts a call that is under way: nothing reaches the agent after the acknowledgement",
    verifies("INV-3"),
    async () => {
      const task = await laptop.openTask("coder");
      const client = await mcpClient(task, "auto", "slow");
      const progress: number[] = [];
      let started = (): void => undefined;
      const running = new Promise<void>((resolve) => (started = resolve));
      const call = client.callTool(
        { name: "trigger-long-running-operation", arguments: { duration: 20, steps: 200 } },
        {
          onprogress: (p) => {
            progress.push(p.progress);
            started();
          },
        },
      );
      await running;
      const receipt = await stop("freeze", { type: "task", value: task.id });
      const seen = progress.length;
      expect(receipt.points[0]?.inFlight).toEqual([
        { intent: expect.stringMatching(/^int_/), disposition: expect.stringMatching(/^(unknown|withheld)$/) },
      ]);
      expect(refusalOf(await call)).toMatchObject({ decision: "deny", code: "brake.frozen", brake: receipt.brake });
      expect(progress.length).toBe(seen);
      await thaw(receipt.brake);
      await client.close();
    },
  );

  it(
    "voids what was held or approved before it: an old signature does not outlive a stop",
    verifies("INV-5"),
    async () => {
      const client = await mcpClient(await laptop.openTask("coder"));
      const path = join(here.files, "void.txt");
      const write = { name: "write_file", arguments: { path, content: "x" } };
      const held = refusalOf(await client.callTool(write));
      await alice.answer(held?.approval ?? "");
      const receipt = await stop("freeze", { type: "resource", value: `file:${here.files}/**` });
      await thaw(receipt.brake);
      const waited = refusalOf(
        await client.callTool({ name: "countersign_wait", arguments: { approval: held?.approval ?? "" } }),
      );
      expect(waited).toMatchObject({ decision: "deny", code: "countersignature.void" });
      expect(refusalOf(await client.callTool(write))).toMatchObject({ decision: "hold" });
      await client.close();
    },
  );

  it("is still in force after a restart, and lifted only by a signature", async () => {
    const receipt = await stop("freeze", { type: "all", value: "*" });
    await here.restart();
    expect((await alice.json<{ brakes: { id: string }[] }>("/v1/brakes")).brakes.map((b) => b.id)).toContain(
      receipt.brake,
    );
    const client = await mcpClient(await laptop.openTask("coder"));
    expect(refusalOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }))).toMatchObject({
      code: "brake.frozen",
      brake: receipt.brake,
    });
    await thaw(receipt.brake);
    expect(refusalOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }))).toBeNull();
    await client.close();
  });

  it("answers at once when asked to, and tells its progress", async () => {
    const begun = await alice.fetch("/v1/brakes", {
      body: { kind: "freeze", scope: { type: "all", value: "*" }, reason: "drill", wait: false },
    });
    expect(begun.status).toBe(202);
    const { id } = (await begun.json()) as { id: string };
    await expect.poll(async () => (await alice.json<{ state: string }>(`/v1/brakes/${id}`)).state).toBe("stopped");
    await thaw(id);
  });

  it.each([
    ["agent", "agt_0000000000000000000000"],
    ["task", "tsk_0000000000000000000000"],
    ["owner", "nobody"],
    ["device", "dev_0000000000000000000000"],
  ])("refuses a stop for an unknown %s", async (type, value) => {
    const refused = await alice.fetch("/v1/brakes", {
      body: { kind: "freeze", scope: { type, value }, reason: "typo" },
    });
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ code: "brake.unknown_scope" });
  });
});
