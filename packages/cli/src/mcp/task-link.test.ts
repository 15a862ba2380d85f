import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskId } from "@countersign/core";
import { verifyKeyProof } from "@countersign/credentials";
import { createClient } from "../client/client.ts";
import type { SignInContext, ThisDevice } from "../client/sign-in.ts";
import { thisDevice } from "../client/this-device.ts";
import { type Routes, startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { signedIn } from "../testing/sign-in-state.ts";
import { NOW, testCli, type TestCli } from "../testing/test-cli.ts";
import { TaskLink, type TaskLinkOptions } from "./task-link.ts";

const AGENT = "agt_0000000000000000000001";
const TASK: TaskId = "tsk_0000000000000000000001";
const SECOND: TaskId = "tsk_0000000000000000000002";
const LINK = { id: "apr_0000000000000000000001", url: "https://cs.example/approve/apr_0000000000000000000001" };

describe("TaskLink", () => {
  let server: TestControlPlane;
  let test: TestCli;
  let ids: TaskId[] = [];
  let task: Record<string, unknown> = {};
  const closers: (() => void)[] = [];

  beforeEach(async () => {
    ids = [TASK, SECOND];
    task = { id: TASK, agent: AGENT, status: "live", cause: null, expiresAt: new Date(NOW + 3_600_000).toISOString() };
    const rows: Routes = {
      "GET /v1/agents/coder": () => ({ body: { id: AGENT, name: "coder" } }),
      "POST /v1/tasks": () => ({
        status: 201,
        body: {
          id: ids.shift(),
          gateway: "http://127.0.0.1:1",
          token: { accessToken: `first-${String(ids.length)}`, expiresIn: 300 },
        },
      }),
      [`POST /v1/tasks/${TASK}/token`]: () => ({
        body: { accessToken: "renewed", expiresIn: 300, gateway: "http://127.0.0.1:1" },
      }),
      [`POST /v1/tasks/${TASK}/end`]: () => ({ body: { id: TASK, status: "ended" } }),
      [`GET /v1/tasks/${TASK}`]: () => ({ body: task }),
      "POST /v1/session/requests": () => ({ status: 201, body: LINK }),
      [`GET /v1/session/requests/${LINK.id}`]: () => ({ body: { state: "pending" } }),
    };
    server = await startControlPlane(rows);
    test = testCli({ env: { server: server.url } });
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    await server.close();
  });

  function newLink(more: Partial<TaskLinkOptions> = {}): TaskLink {
    const client = createClient({}, test.surroundings);
    closers.push(() => client.close());
    const device = async (): Promise<ThisDevice> => await Promise.resolve(thisDevice(test.surroundings));
    const context: SignInContext = { client, cli: test.surroundings, device };
    const reportPosture = async (): Promise<void> => await Promise.resolve();
    return new TaskLink({
      context,
      agent: "coder",
      purpose: "work",
      task: null,
      runtime: async () => await Promise.resolve(null),
      reportPosture,
      ...more,
    });
  }

  const refusal = async (link: TaskLink, asks = false): Promise<unknown> => {
    const live = await link.live(asks);
    return live.ok ? `task ${live.task.id}` : live.refusal;
  };

  it("opens one task for all callers, with a key of its own that proves itself for the agent", async () => {
    signedIn(server.url, test);
    const runtime = { executable: "/usr/bin/client", sha256: "x".repeat(43), pid: 1, uid: 0 };
    const link = newLink({ runtime: async () => await Promise.resolve(runtime) });
    const [one, two] = await Promise.all([link.live(true), link.live(false)]);
    expect(one).toEqual(two);
    const [asked, ...others] = server.at("POST /v1/tasks");
    expect(others).toEqual([]);
    expect(asked?.body).toMatchObject({ agent: AGENT, purpose: "work", runtime });
    const proof = verifyKeyProof(asked?.body["keyProof"] as string, {
      purpose: "task",
      audience: server.url,
      nonce: AGENT,
      now: NOW,
    });
    expect(proof).toMatchObject({ ok: true, jkt: one.ok ? one.task.key.jkt : "" });
  });

  it("opens it on the terms that are asked for, and keeps its certificate and where PostgreSQL is, renewed with the token", async () => {
    signedIn(server.url, test);
    const postgres = { address: "db.example:7332", identity: "spiffe://x/point/ep_1", databases: ["billing"] };
    const opened = { accessToken: "first", expiresIn: 300, svid: "SVID 1", trustBundle: "CA" };
    const expiresAt = new Date(NOW + 60_000).toISOString();
    server.route({
      "POST /v1/tasks": () => ({
        body: { id: TASK, gateway: "http://127.0.0.1:1", expiresAt, postgres, token: opened },
      }),
      [`POST /v1/tasks/${TASK}/token`]: () => ({
        body: { accessToken: "second", expiresIn: 300, svid: "SVID 2", trustBundle: "CA", postgres: null },
      }),
    });
    const link = newLink({ terms: { ttlSeconds: 60, agent: "another" } });
    const first = await link.live(false);
    expect(first).toMatchObject({
      task: { tls: { svid: "SVID 1", trustBundle: "CA" }, endsAt: expiresAt, postgres },
    });
    expect(server.at("POST /v1/tasks")[0]?.body).toMatchObject({ agent: AGENT, ttlSeconds: 60 });
    if (first.ok) link.expired(first.task);
    expect(await link.live(false)).toMatchObject({
      task: { tls: { svid: "SVID 2", trustBundle: "CA" }, endsAt: expiresAt, postgres: null },
    });
  });

  it("without a session is refused; only who asks makes a sign-in link", async () => {
    const link = newLink();
    expect(await refusal(link)).toMatchObject({ code: "task.no_human", step: "task", entry: null });
    expect(server.at("POST /v1/session/requests")).toEqual([]);
    expect(await refusal(link, true)).toMatchObject({
      code: "task.no_human",
      approval: LINK.id,
      approvalUrl: LINK.url,
    });
    expect(await refusal(link, true)).toMatchObject({ approval: LINK.id });
    expect(server.at("POST /v1/session/requests")).toHaveLength(1);
    signedIn(server.url, test);
    expect(await refusal(link, true)).toBe(`task ${TASK}`);
  });

  it("asks for a sign-in when the control plane does not know the session any more", async () => {
    signedIn(server.url, test);
    server.route({ "GET /v1/agents/coder": () => ({ status: 401, body: { code: "credential.expired" } }) });
    const link = newLink();
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await refusal(link, true)).toMatchObject({ code: "task.no_human", approvalUrl: LINK.url });
    }
    // The dead session is forgotten, so it is not tried again.
    expect(server.at("GET /v1/agents/coder")).toHaveLength(1);
  });

  it.each([
    ["agent.owner_lost", 403],
    ["human.inactive", 403],
    ["brake.severed", 403],
    ["device.unhealthy", 403],
  ])("tells a refused opening as it is, and tries again the next time: %s", async (code, status) => {
    signedIn(server.url, test);
    server.route({ "POST /v1/tasks": () => ({ status, body: { code, detail: "because" } }) });
    const link = newLink();
    expect(await refusal(link)).toMatchObject({ decision: "deny", code, step: code.split(".")[0], reason: "because" });
    await link.live(false);
    expect(server.at("POST /v1/tasks")).toHaveLength(2);
  });

  it("says that the control plane is down", async () => {
    signedIn("http://localhost:1", test);
    const down = testCli({ env: { ...test.surroundings.env, server: "http://localhost:1" } });
    test = down;
    expect(await refusal(newLink())).toMatchObject({ code: "server.unreachable", step: "task" });
  });

  it("renews its token before it ends, in the background, without a session", async () => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    test.advance(200_000);
    expect(await link.live(false)).toMatchObject({ ok: true, task: { accessToken: "first-1" } });
    await expect.poll(async () => await link.live(false)).toMatchObject({ ok: true, task: { accessToken: "renewed" } });
    const [asked] = server.at(`POST /v1/tasks/${TASK}/token`);
    expect(asked?.headers.authorization).toBeUndefined();
    expect(
      verifyKeyProof(asked?.body["keyProof"] as string, {
        purpose: "task",
        audience: server.url,
        nonce: TASK,
        now: NOW + 200_000,
      }),
    ).toMatchObject({ ok: true });
  });

  it("waits for the renewal when the token has ended, and when the gateway says so", async () => {
    signedIn(server.url, test);
    const link = newLink();
    const first = await link.live(false);
    test.advance(290_000);
    expect(await link.live(false)).toMatchObject({ ok: true, task: { accessToken: "renewed" } });
    if (first.ok) link.expired(first.task);
    expect(server.at(`POST /v1/tasks/${TASK}/token`)).toHaveLength(1);
    const now = await link.live(false);
    if (now.ok) link.expired(now.task);
    await link.live(false);
    expect(server.at(`POST /v1/tasks/${TASK}/token`)).toHaveLength(2);
  });

  it("opens no second task while the first only cannot be renewed for the moment", async () => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    test.advance(290_000);
    await server.close();
    expect(await refusal(link)).toMatchObject({ code: "server.unreachable" });
    server = await startControlPlane({});
  });

  it.each(["idle", "expired"])("opens another task after one that ran out: %s", async (cause) => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    task = { ...task, status: "ended", cause };
    link.ended(TASK);
    expect(await refusal(link)).toBe(`task ${SECOND}`);
  });

  it.each([
    ["ended", "ended"],
    ["ended", "agent suspended"],
    ["ended", null],
    ["severed", "brk_1"],
    ["live", null],
  ])("keeps the old one when it was stopped (%s, %s), so that the gateway says why", async (status, cause) => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    task = { ...task, status, cause };
    link.ended(TASK);
    expect(await refusal(link)).toBe(`task ${TASK}`);
    expect(server.at("POST /v1/tasks")).toHaveLength(1);
  });

  it.each([
    ["task.ended", "ended"],
    ["brake.severed", "severed"],
    ["task.unknown", "idle"],
    ["human.inactive", "idle"],
  ])("opens none after a renewal was refused with %s", async (code, cause) => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    task = { ...task, status: "ended", cause };
    server.route({ [`POST /v1/tasks/${TASK}/token`]: () => ({ status: 403, body: { code } }) });
    test.advance(290_000);
    expect(await refusal(link)).toMatchObject({ code });
    expect(await refusal(link, true)).toMatchObject({ code });
    expect(server.at("POST /v1/tasks")).toHaveLength(1);
  });

  it("opens another when the renewal shows that it idled out", async () => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    task = { ...task, status: "ended", cause: "idle" };
    server.route({ [`POST /v1/tasks/${TASK}/token`]: () => ({ status: 403, body: { code: "task.ended" } }) });
    test.advance(290_000);
    expect(await refusal(link)).toBe(`task ${SECOND}`);
  });

  it("lets the next person go on when task and session ran out together", async () => {
    signedIn(server.url, test, 100);
    const link = newLink();
    await link.live(false);
    test.advance(150_000);
    link.ended(TASK);
    expect(await refusal(link, true)).toMatchObject({ code: "task.no_human", approvalUrl: LINK.url });
    signedIn(server.url, test);
    expect(await refusal(link)).toBe(`task ${SECOND}`);
  });

  it("joins a task with a new key, never opens one in its place, and does not end it", async () => {
    signedIn(server.url, test);
    const link = newLink({ task: TASK });
    expect(await link.live(false)).toMatchObject({ ok: true, task: { id: TASK, accessToken: "renewed" } });
    expect(server.at(`POST /v1/tasks/${TASK}/token`)[0]?.headers.authorization).toMatch(/^DPoP ses_/);
    task = { ...task, status: "ended", cause: "idle" };
    link.ended(TASK);
    await link.live(false);
    expect(server.at("POST /v1/tasks")).toEqual([]);
    expect(server.at(`POST /v1/tasks/${TASK}/token`)).toHaveLength(1);
    await link.end();
    expect(server.at(`POST /v1/tasks/${TASK}/end`)).toEqual([]);
  });

  it("does not join a task of another agent", async () => {
    signedIn(server.url, test);
    task = { ...task, agent: "agt_0000000000000000000002" };
    expect(await refusal(newLink({ task: TASK }))).toMatchObject({ code: "request.conflict", step: "task" });
    expect(server.at(`POST /v1/tasks/${TASK}/token`)).toEqual([]);
  });

  it("ends the task that it opened, once, with the key's proof alone", async () => {
    signedIn(server.url, test);
    const link = newLink();
    await link.live(false);
    await link.end();
    await link.end();
    const [asked, ...others] = server.at(`POST /v1/tasks/${TASK}/end`);
    expect(others).toEqual([]);
    expect(asked?.headers.authorization).toBeUndefined();
    expect(
      verifyKeyProof(asked?.body["keyProof"] as string, {
        purpose: "task",
        audience: server.url,
        nonce: TASK,
        now: NOW,
      }),
    ).toMatchObject({ ok: true });
  });

  it("reports the posture before it opens a task", async () => {
    signedIn(server.url, test);
    const order: string[] = [];
    server.route({ "POST /v1/tasks": () => (order.push("task"), { status: 403, body: { code: "device.stale" } }) });
    await newLink({ reportPosture: async () => void (await Promise.resolve(order.push("posture"))) }).live(false);
    expect(order).toEqual(["posture", "task"]);
  });
});
