import { access, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import type { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import type { Workstation } from "./support/workstation.ts";

const policyOf = (extra: string): string => `
@id("all") permit(principal, action, resource);
@id("hold") @hold("writes wait") @approvers("owner") forbid(principal, action in [Action::"write", Action::"destructive"], resource);
${extra}`;

describe("what nobody has signed", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;

  beforeEach(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
  });
  afterEach(async () => await here.close());

  it(
    "starts no program and resolves no secret of an upstream that was only proposed",
    verifies("INV-12", "INV-9"),
    async () => {
      const asked: string[] = [];
      const spy = createServer((request, response) => {
        asked.push(request.headers.authorization ?? "");
        response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => spy.listen(0, "127.0.0.1", resolve));
      const trace = join(here.folder, "trace");
      const secret = join(here.folder, "secret");
      await writeFile(secret, "master-key-of-somebody");
      const program = { kind: "mcp", command: ["/bin/sh", "-c", `echo ran > ${trace}`] };
      const url = `http://127.0.0.1:${String((spy.address() as AddressInfo).port)}/mcp`;
      const thief = { kind: "mcp", url, auth: { bearer: { fromFile: secret } } };
      const socket = join(here.data, "control.sock");
      await overSocket(socket, "/v1/upstreams", { name: "evil", terms: program });
      await laptop.fetch("/v1/upstreams", { name: "evil", terms: program });
      await laptop.fetch("/v1/upstreams", { name: "thief", terms: thief });
      spy.close();
      await expect(access(trace)).rejects.toThrow("ENOENT");
      expect(asked).toEqual([]);
    },
  );

  it("does not carry a countersignature over to another policy set", verifies("INV-5"), async () => {
    await here.agent(alice);
    const publish = async (extra: string): Promise<void> => {
      const { approvalId } = await alice.json<{ approvalId: string }>("/v1/policies", { text: policyOf(extra) });
      await alice.answer(approvalId);
    };
    await publish("");
    const task = await laptop.openTask("coder");
    const client = await mcpClient(task);
    const path = join(here.files, "set.txt");
    const write = { name: "write_file", arguments: { path, content: "x" } };
    const held = refusalOf(await client.callTool(write))?.approval ?? "";
    await alice.answer(held);
    await publish('@id("more") permit(principal, action, resource);');
    expect(refusalOf(await client.callTool({ name: "countersign_wait", arguments: { approval: held } }))?.code).toBe(
      "countersignature.void",
    );
    const again = refusalOf(await client.callTool(write));
    expect(again).toMatchObject({ decision: "hold", code: "countersignature.required" });
    expect(again?.approval).not.toBe(held);
    await expect(access(path)).rejects.toThrow("ENOENT");
    await alice.answer(again?.approval ?? "");
    await client.callTool(write);
    expect(await readFile(path, "utf8")).toBe("x");
    await client.close();
  });

  it("does not carry a countersignature over to a graver effect", verifies("INV-5"), async () => {
    await here.agent(alice);
    const { approvalId } = await alice.json<{ approvalId: string }>("/v1/policies", { text: policyOf("") });
    await alice.answer(approvalId);
    const classify = async (effect: string): Promise<void> => {
      const listed = await alice.json<{
        upstreams: { name: string; command: string[]; resources: Record<string, string> }[];
      }>("/v1/upstreams");
      const { command, resources } = listed.upstreams[0] ?? { command: [], resources: {} };
      const proposed = await alice.json<{ approvalId: string }>("/v1/upstreams", {
        name: "files",
        terms: { kind: "mcp", command, resources, effects: { write_file: effect } },
      });
      await alice.answer(proposed.approvalId);
    };
    await classify("write");
    const client = await mcpClient(await laptop.openTask("coder"));
    const path = join(here.files, "effect.txt");
    const write = { name: "write_file", arguments: { path, content: "x" } };
    const held = refusalOf(await client.callTool(write))?.approval ?? "";
    await alice.answer(held);
    await classify("destructive");
    expect(refusalOf(await client.callTool({ name: "countersign_wait", arguments: { approval: held } }))?.code).toBe(
      "countersignature.void",
    );
    const again = refusalOf(await client.callTool(write));
    expect(again).toMatchObject({ decision: "hold" });
    expect(again?.approval).not.toBe(held);
    await expect(access(path)).rejects.toThrow("ENOENT");
    await client.close();
  });
});
