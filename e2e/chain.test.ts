import { generateSigningKey, signKeyProof } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifies } from "./support/invariants.ts";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import { TaskClient, Workstation } from "./support/workstation.ts";

describe("the chain behind an action", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
  });
  afterAll(async () => await here.close());

  const tryRead = async (task: TaskClient): Promise<string | null> => {
    const client = await mcpClient(task);
    const refusal = refusalOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }));
    await client.close();
    return refusal?.code ?? null;
  };

  it("passes when every link holds, and not without a grant (INV-1)", verifies("INV-1"), async () => {
    expect(await tryRead(await laptop.openTask("coder"))).toBeNull();
    const narrow = await laptop.openTask("coder", {
      grants: [{ action: "mcp:files/read_text_file", resource: "file:/nowhere/*" }],
    });
    expect(await tryRead(narrow)).toBe("grant.missing");
  });

  it("gives a task no more than its agent's signed scope", verifies("INV-4"), async () => {
    await expect(laptop.openTask("coder", { grants: [{ action: "**", resource: "**" }] })).rejects.toThrow(
      /grant.missing/,
    );
    await expect(laptop.openTask("coder", { grants: [{ action: "mcp:**", resource: "**" }] })).rejects.toThrow(
      /grant.missing/,
    );
  });

  it("ends with the task: at once, and for good", verifies("INV-4"), async () => {
    const task = await laptop.openTask("coder");
    const client = await mcpClient(task);
    await laptop.json(`/v1/tasks/${task.id}/end`, {});
    const refused = await client
      .callTool({ name: "list_allowed_directories", arguments: {} })
      .then(refusalOf, (error: unknown) => String(error));
    expect(JSON.stringify(refused)).toMatch(/task\.ended/);
    await client.close().catch(() => undefined);
  });

  it("stops with the agent, and opens nothing for one that is suspended", verifies("INV-10"), async () => {
    const created = await here.agent(alice, { name: "short-lived" });
    const task = await laptop.openTask("short-lived");
    expect(await tryRead(task)).toBeNull();
    await alice.json(`/v1/agents/${created}/suspend`, { reason: "looks odd" });
    const client = await mcpClient(task).catch((error: unknown) => String(error));
    expect(
      typeof client === "string" ||
        refusalOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }))?.decision === "deny",
    ).toBe(true);
    await expect(laptop.openTask("short-lived")).rejects.toThrow(/agent.inactive/);
    expect(await here.composed.zombies()).toEqual([]);
    const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/agents/${created}/reinstate`, {});
    await expect(laptop.openTask("short-lived")).rejects.toThrow(/agent.inactive/);
    await alice.answer(approvalId);
    expect(await tryRead(await laptop.openTask("short-lived"))).toBeNull();
  });

  it("opens no task while the chain behind it changes (INV-8)", verifies("INV-8"), async () => {
    const created = await here.agent(alice, { name: "racer" });
    const tries = Array.from(
      { length: 12 },
      async () =>
        await laptop.openTask("racer").then(
          () => "opened",
          (error: unknown) => String(error),
        ),
    );
    const stopping = alice
      .json(`/v1/agents/${created}/retire`, { reason: "race" })
      .catch(async () => await alice.json(`/v1/agents/${created}/retire`, { reason: "race" }));
    await Promise.all([...tries, stopping]);
    const { tasks } = await alice.json<{ tasks: { agent: string; status: string }[] }>("/v1/tasks");
    expect(tasks.filter((t) => t.agent === created && t.status === "live")).toEqual([]);
    expect(await here.composed.zombies()).toEqual([]);
  });

  it("judges the program that joins a task, not the one that opened it", verifies("INV-1"), async () => {
    await here.agent(alice, { name: "joined" });
    const runtime = { executable: "/usr/bin/known", sha256: "a".repeat(43), pid: 1, uid: 0 };
    const task = await laptop.openTask("joined", { runtime });
    expect(await tryRead(task)).toBeNull();
    const key = generateSigningKey();
    const keyProof = signKeyProof(key, { purpose: "task", audience: laptop.api, nonce: task.id, now: Date.now() });
    const stranger = { ...runtime, executable: "/tmp/other", sha256: "b".repeat(43) };
    const joined = await laptop.json<{ accessToken: string; gateway: string }>(`/v1/tasks/${task.id}/token`, {
      keyProof,
      runtime: stranger,
    });
    const other = new TaskClient(task.id, joined.gateway, { key, accessToken: joined.accessToken });
    expect(await tryRead(other)).toBe("countersignature.required");
  });

  it("is opened only by a person who is signed in on an enrolled device", async () => {
    const socket = await overSocket(`${here.data}/control.sock`, "/v1/tasks", { agent: "coder", purpose: "x" });
    expect(socket.json).toMatchObject({ code: "task.no_human" });
    const browser = await alice.fetch("/v1/tasks", { body: { agent: "coder", purpose: "x" } });
    expect(await browser.json()).toMatchObject({ code: "task.no_human" });
    const stranger = new Workstation(here.composed.api);
    const refused = await stranger.fetch("/v1/tasks", { agent: "coder", purpose: "x" });
    expect(refused.status).toBe(401);
  });

  it(
    "lets a second person in only by an administrator's signature, and gives them nothing of another's agents",
    verifies("INV-12"),
    async () => {
      const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: [] });
      const bob = new Person(here.composed.api);
      const { approvalId } = await bob.register(url, "Bob Example");
      await expect(bob.signIn()).rejects.toThrow(/webauthn.refused/);
      await alice.answer(approvalId ?? "");
      await bob.signIn();
      const desktop = new Workstation(here.composed.api);
      await desktop.signIn(bob);
      await expect(desktop.openTask("coder")).rejects.toThrow(/request.forbidden/);
      const entries = await bob.fetch("/v1/ledger/entries");
      expect(entries.status).toBe(403);
      const agent = {
        name: "bobs",
        owner: "me",
        purpose: "x",
        grants: [{ action: "mcp:files/*", resource: "**" }],
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      };
      const proposed = await bob.json<{ approvalId: string }>("/v1/agents", agent);
      await expect(bob.answer(proposed.approvalId)).rejects.toThrow(/approval.not_approver/);
      await alice.answer(proposed.approvalId);
      expect(await tryRead(await desktop.openTask("bobs"))).toBeNull();
    },
  );

  it("names an error of a policy and denies (INV-2)", verifies("INV-2"), async () => {
    const text = `@id("ok") permit(principal, action, resource);
@id("breaks") forbid(principal, action, resource) when { context.risk + 9223372036854775807 > 0 };`;
    const old = (await alice.json<{ policies: { status: string; text: string }[] }>("/v1/policies")).policies.find(
      (p) => p.status === "active",
    );
    const publish = async (policy: string): Promise<void> => {
      const { approvalId } = await alice.json<{ approvalId: string }>("/v1/policies", { text: policy });
      await alice.answer(approvalId);
    };
    const bad = await alice.fetch("/v1/policies", { body: { text: "permit(((" } });
    expect(await bad.json()).toMatchObject({ code: "policy.invalid" });
    const task = await laptop.openTask("coder");
    await publish(text.replace("9223372036854775807 > 0", "9000000000000000 * 9000000000000000 > 0"));
    expect(await tryRead(task)).toBe("policy.error");
    await publish(old?.text ?? "");
    expect(await tryRead(task)).toBeNull();
  });
});
