import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey, parseBundle, signKeyProof, verifySvid, verifyTaskSvid } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation } from "./support/installation.ts";
import { Person } from "./support/person.ts";
import { type TaskClient, Workstation } from "./support/workstation.ts";

interface Certified {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly svid: string;
  readonly trustBundle: string;
}
interface Opened {
  readonly id: string;
  readonly agent: string;
  readonly token?: Certified;
}

describe("the certificate of a task, from the control plane", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
  });
  afterAll(async () => await here.close());

  const read = ({ svid, trustBundle }: Certified, now = Date.now()): ReturnType<typeof verifyTaskSvid> => {
    const parsed = parseBundle(trustBundle);
    if (!parsed.ok) throw new Error(parsed.code);
    return verifyTaskSvid(svid, { bundle: parsed.bundle, now });
  };
  const renew = async (task: TaskClient): Promise<Response> =>
    await laptop.fetch(`/v1/tasks/${task.id}/token`, { keyProof: task.proof(here.composed.api) });

  it.each(["P-256", "Ed25519"] as const)(
    "is given with the task, for its key on %s, and renewed with the token",
    async (curve) => {
      const key = generateSigningKey(curve);
      const proof = (nonce: string): string =>
        signKeyProof(key, { purpose: "task", audience: laptop.api, nonce, now: Date.now() });
      const body = { agent: "coder", purpose: "p", keyProof: proof("coder") };
      const opened = await laptop.json<Opened>("/v1/tasks", body);
      const { token, agent, id } = opened;
      if (token === undefined) throw new Error("no token");
      const first = read(token);
      expect(first).toMatchObject({ ok: true, agent, human: null, task: id, jkt: key.jkt });
      expect(token.trustBundle).toBe(await (await fetch(new URL("/v1/trust-bundle", here.composed.api))).text());
      expect(first.ok && first.notAfter - Date.now()).toBeLessThanOrEqual(300_000);
      const renewed = await laptop.asAnyone<Certified>(`/v1/tasks/${id}/token`, { keyProof: proof(id) });
      expect(renewed.svid).not.toBe(token.svid);
      expect(read(renewed)).toMatchObject({ ok: true, agent, task: id, jkt: key.jkt });
    },
  );

  it("passes openssl, strictly, for a client and for no server", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-svid-"));
    const task = await laptop.openTask("coder");
    const { svid, trustBundle } = (await (await renew(task)).json()) as Certified;
    await writeFile(join(folder, "leaf.pem"), svid);
    await writeFile(join(folder, "ca.pem"), trustBundle);
    const verify = (purpose: string): string =>
      execFileSync("openssl", ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", "leaf.pem"], {
        cwd: folder,
        encoding: "utf8",
        stdio: "pipe",
      });
    expect(verify("sslclient")).toBe("leaf.pem: OK\n");
    expect(() => verify("sslserver")).toThrow("Command failed");
    await rm(folder, { recursive: true });
  });

  it("is no identity of a point", async () => {
    const { svid, trustBundle } = (await (await renew(await laptop.openTask("coder"))).json()) as Certified;
    const parsed = parseBundle(trustBundle);
    expect(parsed.ok && verifySvid(svid, { bundle: parsed.bundle, now: Date.now() })).toMatchObject({ ok: false });
  });

  it("ends with a task that is short", async () => {
    const key = generateSigningKey();
    const keyProof = signKeyProof(key, { purpose: "task", audience: laptop.api, nonce: "coder", now: Date.now() });
    const { token } = await laptop.json<Opened>("/v1/tasks", {
      agent: "coder",
      purpose: "p",
      keyProof,
      ttlSeconds: 20,
    });
    if (token === undefined) throw new Error("no token");
    const certificate = read(token);
    expect(certificate.ok && certificate.notAfter - Date.now()).toBeLessThanOrEqual(20_000);
    expect(read(token, Date.now() + 21_000)).toMatchObject({ code: "svid.expired" });
  });

  // INV-4, INV-10: what has a dead link behind it gets no certificate any more.
  it("is refused for a task that ended, to a stranger's key, and after its agent was stopped", async () => {
    const ended = await laptop.openTask("coder");
    await laptop.json(`/v1/tasks/${ended.id}/end`, {});
    const stopped = await laptop.openTask("coder");
    const stranger = generateSigningKey();
    const now = Date.now();
    const keyProof = signKeyProof(stranger, { purpose: "task", audience: laptop.api, nonce: stopped.id, now });
    await expect(laptop.asAnyone(`/v1/tasks/${stopped.id}/token`, { keyProof })).rejects.toThrow(
      "credential.wrong_key",
    );
    await alice.json("/v1/agents/coder/suspend", {});
    for (const [task, code] of [
      [ended, "task.ended"],
      [stopped, "task.ended"],
    ] as const) {
      const refused = await renew(task);
      const body = (await refused.json()) as Record<string, unknown>;
      expect(body).toMatchObject({ code });
      expect(body).not.toHaveProperty("svid");
    }
  });

  // INV-8, INV-10
  it("is refused after its human has left", async () => {
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: [] });
    const bob = new Person(here.composed.api);
    const { approvalId } = await bob.register(url, "Bob");
    await alice.answer(approvalId ?? "");
    await bob.signIn();
    const theirs = new Workstation(here.composed.api, "bob's");
    await theirs.signIn(bob);
    const agent = await alice.json<{ approvalId: string }>("/v1/agents", {
      name: "bobs",
      owner: bob.humanId,
      purpose: "p",
      grants: [{ action: "mcp:files/*", resource: "**" }],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await alice.answer(agent.approvalId);
    const task = await theirs.openTask("bobs");
    const asked = async (): Promise<Certified> =>
      await theirs.asAnyone<Certified>(`/v1/tasks/${task.id}/token`, { keyProof: task.proof(here.composed.api) });
    expect(read(await asked())).toMatchObject({ ok: true, task: task.id });
    await alice.json(`/v1/humans/${bob.humanId}/offboard`, { reason: "has left" });
    await expect(asked()).rejects.toThrow("brake.severed");
  });
});
