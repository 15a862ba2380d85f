import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ApprovalView } from "@countersign/api";
import type { Client } from "@modelcontextprotocol/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, launchBrowser } from "./browser.ts";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import { Workstation } from "./support/workstation.ts";

const FOLDERS = ["two", "other", "team", "task", "once"] as const;
type Folder = (typeof FOLDERS)[number];

/** Writes are held, by folder: for two people, for somebody else than the requester, for a task by two people or by one, for once. */
const policiesOver = (files: string, note = ""): string => `// ${note}
@id("all") permit (principal, action, resource);
@id("two") @hold("two people") @quorum("2")
forbid (principal, action in Action::"write", resource in Resource::"file:${files}/two");
@id("other") @hold("somebody else") @not_requester @approvers("role:admin")
forbid (principal, action in Action::"write", resource in Resource::"file:${files}/other");
@id("team") @hold("two people, for the task") @quorum("2") @scopes("once,task")
forbid (principal, action, resource in Resource::"file:${files}/team");
@id("task") @hold("look at it") @scopes("once,task")
forbid (principal, action, resource in Resource::"file:${files}/task");
@id("once") @hold("each time")
forbid (principal, action in Action::"write", resource in Resource::"file:${files}/once");`;

interface LedgerEntry {
  readonly kind: string;
  readonly action: string;
  readonly approval?: string;
  readonly cause?: { readonly too_fast?: boolean; readonly tookMs?: number };
}

describe("what an approval can be", () => {
  let here: Installation;
  let alice: Person;
  let bob: Person;
  let laptop: Workstation;
  let client: Client;

  beforeAll(async () => {
    const effects = { write_file: "write", edit_file: "destructive" };
    here = await Installation.create({ config: { approvals: { waitSeconds: 0 } }, files: { effects } });
    await Promise.all(FOLDERS.map(async (folder) => await mkdir(join(here.files, folder))));
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
    bob = await administrator();
    await publish();
    client = await mcpClient(await laptop.openTask("coder"));
  });
  afterAll(async () => {
    await client.close();
    await here.close();
  });

  async function administrator(): Promise<Person> {
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: ["admin"] });
    const person = new Person(here.composed.api);
    const { approvalId } = await person.register(url, "Bob Example");
    await alice.answer(approvalId ?? "");
    await person.signIn();
    return person;
  }
  async function publish(note = ""): Promise<void> {
    const text = policiesOver(here.files, note);
    const { approvalId } = await alice.json<{ approvalId: string }>("/v1/policies", { text });
    await alice.answer(approvalId);
  }
  const write = async (folder: Folder, name: string, content = "x"): Promise<ReturnType<typeof refusalOf>> => {
    const path = join(here.files, folder, name);
    return refusalOf(await client.callTool({ name: "write_file", arguments: { path, content } }));
  };
  const held = async (folder: Folder, name: string, content?: string): Promise<string> => {
    const refusal = await write(folder, name, content);
    expect(refusal).toMatchObject({ decision: "hold", code: "countersignature.required" });
    return refusal?.approval ?? "";
  };
  const view = async (id: string, person = alice): Promise<ApprovalView> => await person.json(`/v1/approvals/${id}`);
  const entries = async (id: string): Promise<readonly LedgerEntry[]> => {
    const all = await alice.json<{ entries: { body: LedgerEntry }[] }>("/v1/ledger/entries?limit=1000&reverse=1");
    return all.entries.map(({ body }) => body).filter(({ approval }) => approval === id);
  };

  it("takes the signatures of two different people, and shows how far it is", verifies("INV-5"), async () => {
    const id = await held("two", "a");
    expect((await view(id)).progress).toMatchObject([
      { approvers: "2 people with the role admin", quorum: 2, signed: [] },
    ]);
    expect(await alice.answer(id)).toEqual({ state: "pending" });
    expect((await view(id)).progress).toMatchObject([{ quorum: 2, signed: [{ name: "Alice Example" }] }]);
    await expect(alice.answer(id)).rejects.toThrow(/approval.not_approver.*another person/);
    expect(await held("two", "a")).toBe(id);
    const page = await (await bob.fetch(`/approve/${id}`, { headers: { accept: "text/html" } })).text();
    expect(page).toContain("1 of 2");
    expect(await bob.answer(id)).toEqual({ state: "approved" });
    expect(await write("two", "a")).toBeNull();
    expect(await held("two", "a")).not.toBe(id);
    const signed = (await entries(id)).filter(({ action }) => action === "approval.approve");
    expect(signed).toHaveLength(2);
  });

  it("lets two people sign what they saw at the same time", async () => {
    const id = await held("two", "b");
    const ask = { decision: "approve", scope: "once" };
    const options = await Promise.all(
      [alice, bob].map(
        async (person) =>
          await person.json<{ signed: { nonce: string }; publicKey: { challenge: string } }>(
            `/v1/approvals/${id}/options`,
            ask,
          ),
      ),
    );
    const { nonce: first, ...same } = { ...options[0]?.signed, approver: "" } as Record<string, unknown>;
    const { nonce: second, ...again } = { ...options[1]?.signed, approver: "" } as Record<string, unknown>;
    expect(again).toEqual(same);
    expect(second).not.toBe(first);
    for (const [at, person] of [alice, bob].entries()) {
      const response = person.passkey.sign(options[at]?.publicKey ?? { challenge: "" });
      await person.json(`/v1/approvals/${id}/assertion`, { ...ask, response });
    }
    expect(await write("two", "b")).toBeNull();
  });

  it("keeps the requester from signing where the policy says so", verifies("INV-5"), async () => {
    const id = await held("other", "a");
    await expect(alice.answer(id)).rejects.toThrow(/approval.not_approver/);
    expect((await view(id)).progress).toMatchObject([
      { approvers: "a person with the role admin other than Alice Example" },
    ]);
    await bob.answer(id);
    expect(await write("other", "a")).toBeNull();
  });

  it("lets a signature for the task cover its uses on one resource, and no more", verifies("INV-5"), async () => {
    const id = await held("task", "a", "one");
    expect((await view(id)).task).toEqual({ uses: 20, seconds: 900, fixed: ["path"], free: ["content"] });
    await alice.answer(id, "approve", { bound: { uses: 3 } });
    expect(await held("task", "b", "one")).not.toBe(id);
    expect(await write("task", "a", "one")).toBeNull();
    expect(await write("task", "a", "two")).toBeNull();
    expect(await view(id)).toMatchObject({ state: "approved", bound: { uses: 3, used: 2 } });
    expect(await write("task", "a", "three")).toBeNull();
    expect(await held("task", "a", "four")).not.toBe(id);
    expect((await view(id)).state).toBe("consumed");
    const intents = (await entries(id)).filter(({ kind }) => kind === "action.intent");
    expect(intents).toHaveLength(3);
  });

  it("holds again what differs in an argument that the person fixed", async () => {
    const id = await held("task", "fixed", "one");
    await alice.answer(id, "approve", { bound: { fixed: ["content"] } });
    expect(await held("task", "fixed", "two")).not.toBe(id);
    expect(await write("task", "fixed", "one")).toBeNull();
  });

  it("signs once what is destructive, what the policy asks for each time, and what has no mapping", async () => {
    const edit = async (name: string, args: object): Promise<string> =>
      refusalOf(await client.callTool({ name, arguments: { ...args } }))?.approval ?? "";
    const path = join(here.files, "task", "a");
    const approvals = [
      await edit("edit_file", { path, edits: [{ oldText: "x", newText: "y" }] }),
      await held("once", "a"),
    ];
    for (const id of approvals) {
      expect((await view(id)).task).toBeNull();
      await expect(alice.answer(id, "approve", { bound: {} })).rejects.toThrow(/request.invalid.*once/);
    }
  });

  it("takes just as many uses as were signed, however many ask at once", { timeout: 60_000 }, async () => {
    const id = await held("task", "many", "0");
    await alice.answer(id, "approve", { bound: { uses: 20 } });
    const path = join(here.files, "task", "many");
    const calls = Array.from({ length: 40 }, async (_, i) =>
      refusalOf(await client.callTool({ name: "write_file", arguments: { path, content: String(i) } })),
    );
    const answers = await Promise.all(calls);
    const refused = answers.filter((refusal) => refusal !== null);
    expect(refused).toHaveLength(20);
    expect(refused.filter(({ code }) => !code.startsWith("countersignature."))).toEqual([]);
    expect((await entries(id)).filter(({ kind }) => kind === "action.intent")).toHaveLength(20);
    expect(await view(id)).toMatchObject({ state: "consumed", bound: { used: 20 } });
  });

  it("ends what was signed for the task with a stop, and with other policies", verifies("INV-5"), async () => {
    const first = await held("task", "stop", "1");
    await alice.answer(first, "approve", { bound: {} });
    expect(await write("task", "stop", "2")).toBeNull();
    const scope = { type: "resource", value: `file:${here.files}/task/**` };
    const frozen = await alice.json<{ brake: string }>("/v1/brakes", { kind: "freeze", scope, reason: "look" });
    expect(await write("task", "stop", "3")).toMatchObject({ code: "brake.frozen" });
    const thaw = await alice.json<{ approvalId: string }>(`/v1/brakes/${frozen.brake}/thaw`, {});
    await alice.answer(thaw.approvalId);
    expect((await view(first)).state).toBe("void");
    const second = await held("task", "stop", "4");
    await alice.answer(second, "approve", { bound: {} });
    await publish("another text");
    expect(await held("task", "stop", "5")).not.toBe(second);
  });

  it("does not ask again about what was denied, and tells of it where the like is asked", async () => {
    const id = await held("once", "no", "one");
    await alice.answer(id, "deny", { reason: "not this\u202e one" });
    const again = await client.callTool({
      name: "write_file",
      arguments: { path: join(here.files, "once", "no"), content: "one" },
    });
    expect(JSON.stringify(again.content)).toContain("denied by Alice Example: not this");
    expect(JSON.stringify(again.content)).not.toContain("\u202e");
    expect(refusalOf(again)).toMatchObject({ decision: "deny", code: "countersignature.void" });
    const near = await held("once", "no", "two");
    expect((await view(near)).notes).toEqual([
      "You denied a call of this tool on this resource, with other arguments, 1 minute ago.",
    ]);
    expect((await view(near, bob)).notes[0]).toMatch(/^Alice Example denied/);
    const ledger = await (await alice.fetch("/v1/ledger/entries?limit=1000&reverse=1")).text();
    expect(ledger).toContain("approval.deny");
    expect(ledger).not.toContain("not this");
  });

  it("asks a person about so many calls and no more", async () => {
    const desk = new Workstation(here.composed.api);
    await desk.signIn(bob);
    await here.agent(bob, { name: "hasty" });
    const hasty = await mcpClient(await desk.openTask("hasty"));
    const ask = async (name: number): Promise<ReturnType<typeof refusalOf>> => {
      const path = join(here.files, "once", `many-${String(name)}`);
      return refusalOf(await hasty.callTool({ name: "write_file", arguments: { path, content: "x" } }));
    };
    const answers = await Promise.all(Array.from({ length: 60 }, async (_, i) => await ask(i)));
    expect(answers.filter((refusal) => refusal?.decision === "hold").length).toBeGreaterThan(50);
    const asked = (await alice.pending()).filter(({ display }) => display.agent?.name === "hasty").length;
    expect(await ask(60)).toMatchObject({ decision: "deny", code: "countersignature.too_many" });
    expect((await alice.pending()).filter(({ display }) => display.agent?.name === "hasty")).toHaveLength(asked);
    expect(await readdir(join(here.files, "once"))).not.toContain("many-60");
    // Nobody else is asked less for it.
    await held("once", "meanwhile");
    await hasty.close();
  });

  it("flags what was signed faster than it can be read", async () => {
    const id = await held("once", "fast");
    await alice.answer(id);
    expect(await view(id)).toMatchObject({
      tooFast: true,
      notes: [expect.stringMatching(/^Alice Example signed .* too fast/)],
    });
    const [signed] = (await entries(id)).filter(({ action }) => action === "approval.approve");
    expect(signed?.cause).toMatchObject({ too_fast: true });
    expect(await readdir(join(here.files, "once"))).not.toContain("fast");
  });

  it("counts as shown to a person only what their browser shows", async () => {
    const id = await held("once", "unseen");
    await laptop.json(`/v1/approvals/${id}`);
    await laptop.json(`/v1/approvals/${id}/options`, { decision: "approve", scope: "once" });
    expect((await overSocket(`${here.data}/control.sock`, `/v1/approvals/${id}`)).status).toBe(200);
    await held("once", "meanwhile");
    const began = performance.now();
    await alice.answer(id);
    const took = performance.now() - began;
    const [signed] = (await entries(id)).filter(({ action }) => action === "approval.approve");
    expect(signed?.cause?.tookMs).toBeLessThanOrEqual(took + 1);
  });

  describe("in a browser", () => {
    let browser: TestBrowser;
    let page: Page;

    beforeAll(async () => {
      browser = await launchBrowser();
      page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      await browser.addAuthenticator(page);
      const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: ["admin"] });
      await page.goto(url);
      await page.getByLabel("Your name").fill("Carol Example");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Welcome, Carol Example" }).waitFor();
      await alice.answer((await page.locator("#to-sign").innerText()).split("/").at(-1) ?? "");
      await page.goto(`${here.composed.api}/sign-in`);
      await page.getByRole("button", { name: "Sign in with passkey" }).click();
      await page.waitForURL(`${here.composed.api}/`);
    });
    afterAll(async () => {
      await browser.close();
    });
    const open = async (id: string): Promise<void> => {
      await page.goto(`${here.composed.api}/approve/${id}`);
    };
    const approve = async (): Promise<void> => await page.getByRole("button", { name: "Approve" }).click();

    it("lets the person choose what a signature for the task covers, and says it in words", async () => {
      const id = await held("team", "a", "one");
      await open(id);
      await page.getByLabel("Calls like it, for this task").check();
      await page.getByLabel("How many calls").fill("2");
      expect(await page.locator("#covered").innerText()).toContain("Up to 2 calls in 15 minutes. Each just as shown.");
      await page.getByLabel("content may be anything").check();
      expect(await page.locator("#covered").innerText()).toContain("What is ticked may be anything");
      await approve();
      await page.getByText("You have signed this.").waitFor();
      expect(await page.locator("#signatures").innerText()).toMatch(
        /1 of 2 signed[^]*Carol Example[^]*one more person/,
      );
      const { task, bound } = await view(id);
      expect(task).toMatchObject({ fixed: ["path"], free: ["content"] });
      expect(bound).toMatchObject({ uses: 2, fixed: ["path"], free: ["content"] });
      await expect(alice.answer(id)).rejects.toThrow(/approval.changed.*task/);
      await alice.answer(id, "approve", { bound: {} });
      await page.getByRole("heading", { name: "Signed for the task" }).waitFor();
      expect([await write("team", "a", "two"), await write("team", "a", "three")]).toEqual([null, null]);
      expect(await held("team", "a", "four")).not.toBe(id);
      await page.reload();
      expect(await page.locator("main").innerText()).toMatch(
        /Used, approved by Carol Example and Alice Example[^]*2 of 2 used/,
      );
    });

    it("shows under the reader's eyes that another has signed, and what they chose", async () => {
      const id = await held("team", "b", "one");
      await open(id);
      await page.getByRole("button", { name: "Deny" }).click();
      await page.getByLabel("Why not?").fill("half a thought");
      await alice.answer(id, "approve", { bound: { uses: 1 } });
      await page.getByText("Who signed before you chose").waitFor();
      expect(await page.getByLabel("Calls like it, for this task").count()).toBe(0);
      expect(await page.getByLabel("Why not?").inputValue()).toBe("half a thought");
      await approve();
      await page.locator("#outcome", { hasText: "Approved" }).waitFor();
      expect(await write("team", "b", "two")).toBeNull();
    });

    it("tells of the denial of the same call before it is signed again", async () => {
      const id = await held("two", "denied", "one");
      await open(id);
      await page.getByRole("button", { name: "Deny" }).click();
      await page.getByLabel("Why not?").fill("not on a Sunday");
      await page.getByRole("button", { name: "Deny with passkey" }).click();
      await page.getByText("Denied by Carol Example").waitFor();
      expect(await write("two", "denied", "one")).toMatchObject({ decision: "deny", code: "countersignature.void" });
      await open(await held("two", "denied", "two"));
      expect(await page.locator(".warning").innerText()).toMatch(/^You denied a call of this tool .* 1 minute ago/);
    });
  });
});
