import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import type { Person } from "./support/person.ts";
import type { Workstation } from "./support/workstation.ts";

describe("one governed call, end to end", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
  });
  afterAll(async () => await here.close());

  it.each(["auto", "legacy"] as const)(
    "reads flow, a write is held, signed once and held again (%s era)",
    async (mode) => {
      const path = join(here.files, `${mode}.txt`);
      await writeFile(path, "hello");
      const task = await laptop.openTask("coder");
      const client = await mcpClient(task, mode);
      expect((await client.listTools()).tools.map((t) => t.name)).toContain("countersign_wait");
      const read = { name: "read_text_file", arguments: { path } };
      expect(refusalOf(await client.callTool(read))).toBeNull();

      const write = { name: "write_file", arguments: { path, content: "[]" } };
      const held = refusalOf(await client.callTool(write));
      expect(held).toMatchObject({ decision: "hold", code: "countersignature.required" });
      expect(await readFile(path, "utf8")).toBe("hello");

      expect(await alice.answer(held?.approval ?? "")).toEqual({ state: "approved" });
      expect(refusalOf(await client.callTool(write))).toBeNull();
      expect(await readFile(path, "utf8")).toBe("[]");

      await writeFile(path, "again");
      expect(refusalOf(await client.callTool(write))).toMatchObject({ decision: "hold" });
      expect(await readFile(path, "utf8")).toBe("again");
      await client.close();
    },
  );

  it("carries a held call out through countersign_wait, once", async () => {
    const path = join(here.files, "wait.txt");
    const task = await laptop.openTask("coder");
    const client = await mcpClient(task);
    const held = refusalOf(await client.callTool({ name: "write_file", arguments: { path, content: "once" } }));
    const approval = held?.approval ?? "";
    await alice.answer(approval);
    const wait = { name: "countersign_wait", arguments: { approval } };
    expect(refusalOf(await client.callTool(wait))).toBeNull();
    expect(await readFile(path, "utf8")).toBe("once");
    expect(refusalOf(await client.callTool(wait))).toMatchObject({ decision: "deny", code: "countersignature.used" });
    await client.close();
  });

  it("does not let another task wait for or spend an approval", async () => {
    const path = join(here.files, "mine.txt");
    const mine = await mcpClient(await laptop.openTask("coder"));
    const held = refusalOf(await mine.callTool({ name: "write_file", arguments: { path, content: "x" } }));
    await alice.answer(held?.approval ?? "");
    const other = await mcpClient(await laptop.openTask("coder"));
    const stolen = await other.callTool({ name: "countersign_wait", arguments: { approval: held?.approval ?? "" } });
    expect(refusalOf(stolen)?.decision).toBe("deny");
    expect(refusalOf(await other.callTool({ name: "write_file", arguments: { path, content: "x" } }))).toMatchObject({
      decision: "hold",
    });
    await Promise.all([mine.close(), other.close()]);
  });

  it("tells the agent that a human denied, and why", async () => {
    const client = await mcpClient(await laptop.openTask("coder"));
    const write = { name: "write_file", arguments: { path: join(here.files, "no.txt"), content: "x" } };
    const held = refusalOf(await client.callTool(write));
    expect(await alice.answer(held?.approval ?? "", "deny", { reason: "not in a freeze" })).toEqual({
      state: "denied",
    });
    const waited = await client.callTool({ name: "countersign_wait", arguments: { approval: held?.approval ?? "" } });
    expect(refusalOf(waited)).toMatchObject({ decision: "deny", code: "countersignature.void" });
    expect(JSON.stringify(waited)).toContain("not in a freeze");
    await client.close();
  });

  it("goes on after a restart: approvals, freezes and tasks are still what they were", async () => {
    const path = join(here.files, "restart.txt");
    const task = await laptop.openTask("coder");
    const write = { name: "write_file", arguments: { path, content: "late" } };
    const before = await mcpClient(task);
    const held = refusalOf(await before.callTool(write));
    await before.close();
    await here.restart();
    await alice.answer(held?.approval ?? "");
    const fresh = await laptop.json<{ accessToken: string; gateway: string }>(`/v1/tasks/${task.id}/token`, {
      keyProof: task.proof(here.composed.api),
    });
    const client = await mcpClient(task.moved(fresh.gateway, fresh.accessToken));
    expect(refusalOf(await client.callTool(write))).toBeNull();
    expect(await readFile(path, "utf8")).toBe("late");
    await client.close();
  });
});
