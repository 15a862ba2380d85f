import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERAS, sdkClient } from "./testing/clients.ts";
import { EVERYTHING, type Running, filesystem, runGateway } from "./testing/gateway.ts";

/** Real clients of both eras, through the gateway, to the official sample servers. */
let running: Running;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-files-"));
  await writeFile(join(folder, "a.txt"), "hello");
  running = await runGateway({
    everything: { command: EVERYTHING },
    files: { command: filesystem(folder), resources: { read_text_file: "file:{path}", write_file: "file:{path}" } },
  });
  await running.pin("everything");
  await running.pin("files");
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe.each(ERAS)("a client in mode %s", (mode) => {
  it("lists the tools that were accepted, and the one to wait with", async () => {
    const client = await sdkClient(running.url("files"), mode, running.point.openTask());
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain("write_file");
    expect(names.at(-1)).toBe("countersign_wait");
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === "auto" ? "2026-07-28" : "2025-11-25");
    expect(client.getServerCapabilities()).toMatchObject({ tools: {}, resources: { subscribe: true }, prompts: {} });
    await client.close();
  });

  it("calls tools, and each call is formed of what was accepted", async () => {
    const client = await sdkClient(running.url("files"), mode, running.point.openTask());
    const path = join(folder, `${mode}.txt`);
    await client.callTool({ name: "write_file", arguments: { path, content: "é\u2028" } });
    expect(await readFile(path, "utf8")).toBe("é\u2028");
    expect(running.point.recorded.at(-1)).toMatchObject({
      call: {
        action: "mcp:files/write_file",
        resource: `file:${path}`,
        effect: "destructive",
        toolDefinitionHash: expect.any(String),
      },
      outcome: "ok",
    });
    const read = await client.callTool({ name: "read_text_file", arguments: { path: join(folder, "a.txt") } });
    expect(read.content).toEqual([{ type: "text", text: "hello" }]);
    await client.close();
  });

  it("hears of progress, in order, before the answer", async () => {
    const client = await sdkClient(running.url("everything"), mode, running.point.openTask());
    const heard: number[] = [];
    const params = { name: "trigger-long-running-operation", arguments: { duration: 0.1, steps: 3 } };
    const result = await client.callTool(params, { onprogress: ({ progress }) => heard.push(progress) });
    expect(heard).toEqual([1, 2, 3]);
    expect(result.isError).not.toBe(true);
    await client.close();
  });

  it("cancels, and the gateway lets go", async () => {
    const client = await sdkClient(running.url("everything"), mode, running.point.openTask());
    const controller = new AbortController();
    const params = { name: "trigger-long-running-operation", arguments: { duration: 60, steps: 600 } };
    const call = client.callTool(params, { signal: controller.signal, onprogress: () => controller.abort("enough") });
    await expect(call).rejects.toThrow(/enough/);
    await expect.poll(() => running.point.recorded.at(-1)?.outcome).toBe("unobserved");
    await client.close();
  });

  it("sees errors of tools as they are", async () => {
    const client = await sdkClient(running.url("files"), mode, running.point.openTask());
    const missing = await client.callTool({ name: "read_text_file", arguments: { path: join(folder, "none.txt") } });
    expect(missing).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("ENOENT") }] });
    expect(running.point.recorded.at(-1)).toMatchObject({ outcome: "error" });
    await client.close();
  });

  it("is told in words and as data why a call was refused", async () => {
    const client = await sdkClient(running.url("files"), mode, running.point.openTask());
    const result = await client.callTool({ name: "no_such_tool", arguments: {} });
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: "text", text: expect.stringMatching(/^DENIED tool\.unknown: .+\. List the tools again/) }],
      _meta: {
        "dev.countersign/decision": {
          decision: "deny",
          step: "tool",
          code: "tool.unknown",
          entry: expect.stringMatching(/^ent_/),
        },
      },
    });
    await client.close();
  });
});
