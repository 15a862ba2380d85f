import { generateSigningKey, parseBundle, signKeyProof, verifyTaskSvid } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation } from "./support/installation.ts";
import { Person } from "./support/person.ts";
import { Workstation } from "./support/workstation.ts";

interface Proposed {
  readonly id: string;
  readonly approvalId: string;
  readonly url: string;
}
interface Certified {
  readonly svid: string;
  readonly trustBundle: string;
  readonly expiresIn: number;
}
const GRANTS = [{ action: "sql:billing/read", resource: "sql:billing/**" }];
const ASK = { purpose: "look at the figures", grants: GRANTS };

describe("a person's own task", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let bob: Person;
  let theirs: Workstation;

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: [] });
    bob = new Person(here.composed.api);
    const { approvalId } = await bob.register(url, "Bob");
    await alice.answer(approvalId ?? "");
    await bob.signIn();
    theirs = new Workstation(here.composed.api, "bob's");
    await theirs.signIn(bob);
  });
  afterAll(async () => await here.close());

  const key = generateSigningKey();
  const certify = async (at: Workstation, id: string): Promise<Response> => {
    const keyProof = signKeyProof(key, { purpose: "task", audience: at.api, nonce: id, now: Date.now() });
    return await at.fetch(`/v1/tasks/${id}/token`, { keyProof });
  };
  const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { code: unknown }).code;

  it("is open when an administrator has signed its grants, and gives a certificate that names the human", async () => {
    const asked = await theirs.fetch("/v1/tasks", { ...ASK, ttlSeconds: 600 });
    expect(asked.status).toBe(202);
    const { id, approvalId } = (await asked.json()) as Proposed;
    expect((await theirs.fetch(`/v1/tasks/${id}`)).status).toBe(404);
    expect(await codeOf(await certify(theirs, id))).toBe("task.unknown");

    await expect(bob.answer(approvalId)).rejects.toThrow("approval.");
    const view = await alice.json<{ display: { content: string } }>(`/v1/approvals/${approvalId}`);
    expect(JSON.parse(view.display.content)).toMatchObject({ human: "Bob", purpose: ASK.purpose, grants: GRANTS });
    await alice.answer(approvalId);

    expect(await theirs.json(`/v1/tasks/${id}`)).toMatchObject({ agent: null, human: bob.humanId, status: "live" });
    expect(await codeOf(await certify(laptop, id))).toBe("credential.wrong_key");
    const certified = (await (await certify(theirs, id)).json()) as Certified;
    expect(certified).not.toHaveProperty("accessToken");
    const bundle = parseBundle(certified.trustBundle);
    const read = bundle.ok && verifyTaskSvid(certified.svid, { bundle: bundle.bundle, now: Date.now() });
    expect(read).toMatchObject({ ok: true, agent: null, human: bob.humanId, task: id, jkt: key.jkt });

    const { entries } = await alice.json<{ entries: { body: Record<string, unknown> }[] }>(
      "/v1/ledger/entries?reverse=1&limit=1",
    );
    const chain = { human: bob.humanId, device: theirs.device, agent: null, task: id };
    expect(entries[0]?.body).toMatchObject({ kind: "task", action: "task.key", chain });
    await theirs.json(`/v1/tasks/${id}/end`, {});
    expect(await codeOf(await certify(theirs, id))).toBe("task.ended");
  });

  it("is an administrator's own signature for an administrator", async () => {
    const { id, approvalId } = await laptop.json<Proposed>("/v1/tasks", ASK);
    await alice.answer(approvalId);
    expect((await certify(laptop, id)).status).toBe(200);
    const { expiresAt } = await laptop.json<{ expiresAt: string }>(`/v1/tasks/${id}`);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(8 * 3_600_000);
  });

  it.each([
    ["nothing asked for", { purpose: "p" }],
    ["no purpose", { grants: GRANTS }],
    ["no grants", { purpose: "p", grants: [] }],
    ["what is not a database", { purpose: "p", grants: [...GRANTS, { action: "mcp:files/*", resource: "**" }] }],
    ["everything", { purpose: "p", grants: [{ action: "**", resource: "**" }] }],
  ])("is not proposed with %s", async (_name, body) => {
    const refused = await laptop.fetch("/v1/tasks", body);
    expect([refused.status, await codeOf(refused)]).toEqual([400, "request.invalid"]);
  });

  it("is proposed by nobody who is not signed in on a device", async () => {
    await expect(laptop.asAnyone("/v1/tasks", ASK)).rejects.toThrow("task.no_human");
    expect((await alice.fetch("/v1/tasks", { body: ASK })).status).toBe(403);
  });

  // INV-8, INV-10
  it("ends with the human, also one that waits for its signature", async () => {
    const live = await theirs.json<Proposed>("/v1/tasks", ASK);
    await alice.answer(live.approvalId);
    const waiting = await theirs.json<Proposed>("/v1/tasks", ASK);
    expect((await certify(theirs, live.id)).status).toBe(200);
    await alice.json(`/v1/humans/${bob.humanId}/offboard`, { reason: "has left" });
    expect(await alice.json(`/v1/tasks/${live.id}`)).toMatchObject({ status: "severed" });
    await expect(alice.answer(waiting.approvalId)).rejects.toThrow("approval.");
    expect((await alice.fetch(`/v1/tasks/${waiting.id}`)).status).toBe(404);
  });
});
