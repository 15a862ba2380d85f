import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, fileServer, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import type { Person } from "./support/person.ts";
import type { Workstation } from "./support/workstation.ts";

describe("an upstream behind a stop", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  const starts = async (): Promise<number> =>
    (await readFile(join(here.folder, "starts"), "utf8")).trim().split("\n").length;

  beforeAll(async () => {
    here = await Installation.create();
    await here.composed.close();
    const server = fileServer(here.files).map((word) => `'${word}'`);
    const command = ["/bin/sh", "-c", `echo started >> '${join(here.folder, "starts")}'; exec ${server.join(" ")}`];
    await here.renew({ files: { kind: "mcp", command } });
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
  });
  afterAll(async () => await here.close());

  it("is neither started nor asked for anything while a freeze covers its task", verifies("INV-3"), async () => {
    const before = await starts();
    const { brake } = await alice.json<{ brake: string }>("/v1/brakes", {
      kind: "freeze",
      scope: { type: "all", value: "*" },
      reason: "code freeze",
    });
    const client = await mcpClient(await laptop.openTask("coder"));
    // The client comes up with what was seen before; the upstream hears nothing of it.
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("read_text_file");
    expect(refusalOf(await client.callTool({ name: "read_text_file", arguments: { path: "/x" } }))?.code).toBe(
      "brake.frozen",
    );
    expect(await starts()).toBe(before);
    await client.close();
    const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/brakes/${brake}/thaw`, {});
    await alice.answer(approvalId);
  });

  it(
    "hands out nothing more of an answer that its agent takes in slowly, once the stop is acknowledged",
    verifies("INV-3"),
    async () => {
      await writeFile(join(here.files, "large.txt"), "x".repeat(12_000_000));
      const task = await laptop.openTask("coder");
      const call = {
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "read_text_file", arguments: { path: join(here.files, "large.txt") } },
      };
      const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
      const answer = await task.fetch(`${task.gateway}/mcp/files`, {
        method: "POST",
        headers,
        body: JSON.stringify(call),
      });
      expect(answer.status).toBe(200);
      await alice.json("/v1/brakes", { kind: "freeze", scope: { type: "all", value: "*" }, reason: "code freeze" });
      await expect(answer.text()).rejects.toThrow("terminated");
    },
  );
});
