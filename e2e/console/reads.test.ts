import { join } from "node:path";
import type { ActPage, AgentView, BrakeView, EntryPage, EntryView, Overview, TaskView } from "@countersign/api";
import { canonicalJson } from "@countersign/core";
import { leafHasher, sha256 } from "@countersign/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, mcpClient, refusalOf } from "../support/installation.ts";
import { Person } from "../support/person.ts";
import { overSocket } from "../support/socket.ts";
import type { TaskClient, Workstation } from "../support/workstation.ts";
import { EventReader } from "./event-reader.ts";

/** Routes that the console reads, and whether they need the role of an auditor. */
const READS: readonly (readonly [path: string, auditor: boolean])[] = [
  ["/v1/overview", false],
  ["/v1/points", false],
  ["/v1/agents", false],
  ["/v1/tasks?status=live&reverse=1", false],
  ["/v1/devices", false],
  ["/v1/humans", false],
  ["/v1/brakes?state=all", false],
  ["/v1/brakes/preview?type=all", false],
  ["/v1/agents/AGENT/acts", true],
  ["/v1/ledger/entries?q=coder&names=1&reverse=1", true],
  ["/v1/ledger/entries/ENTRY", true],
];

describe("what the console reads", () => {
  let here: Installation;
  let alice: Person;
  let bob: Person;
  let laptop: Workstation;
  let agent: string;
  let task: TaskClient;
  let entry: string;

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    agent = await here.agent(alice);
    task = await laptop.openTask("coder");
    const client = await mcpClient(task);
    await client.callTool({ name: "list_directory", arguments: { path: here.files } });
    const held = refusalOf(
      await client.callTool({
        name: "write_file",
        arguments: { path: join(here.files, "executives.json"), content: "[]" },
      }),
    );
    if (held?.decision !== "hold") throw new Error("the write was not held");
    await client.callTool({ name: "no_such_tool", arguments: {} }).catch(() => null);
    await client.close();
    bob = await withoutRoles();
    entry = (await alice.json<EntryPage>("/v1/ledger/entries?reverse=1&limit=1")).entries[0]!.body.id;
  });
  afterAll(async () => await here.close());

  async function withoutRoles(): Promise<Person> {
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles: [] });
    const person = new Person(here.composed.api);
    const { approvalId } = await person.register(url, "Bob Example");
    await alice.answer(approvalId ?? "");
    await person.signIn();
    return person;
  }
  const at = (path: string): string => path.replace("AGENT", agent).replace("ENTRY", entry);

  describe("callers", () => {
    it.each(READS)("%s answers a signed-in person, and nobody else", async (path) => {
      expect((await alice.fetch(at(path))).status).toBe(200);
      const stranger = await fetch(new URL(at(path), here.composed.api));
      expect(stranger.status).toBe(401);
      expect(await stranger.json()).toMatchObject({ code: "request.unauthenticated" });
      expect((await overSocket(join(here.data, "control.sock"), at(path))).status).toBe(200);
    });

    it.each(READS)("%s wants a role: %s", async (path, auditor) => {
      const answer = await bob.fetch(at(path));
      expect(answer.status).toBe(auditor ? 403 : 200);
    });

    it("refuses what it cannot read in a query, by name", async () => {
      const refused = await alice.fetch("/v1/tasks?limit=many");
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ code: "request.invalid", detail: expect.stringContaining("limit") });
      expect((await alice.fetch("/v1/brakes/preview?type=everyone")).status).toBe(400);
      expect((await alice.fetch("/v1/brakes/preview?type=agent&value=agt_unknown")).status).toBe(404);
    });

    it("describes the routes and their queries", async () => {
      const { paths } = await alice.json<{ paths: Record<string, { get: { parameters?: { name: string }[] } }> }>(
        "/v1/openapi.json",
      );
      const described = READS.map(([path]) => path.split("?")[0]?.replace("AGENT", "{id}").replace("ENTRY", "{id}"));
      expect(Object.keys(paths)).toEqual(expect.arrayContaining([...described, "/v1/events"]));
      expect(paths["/v1/tasks"]?.get.parameters?.map(({ name }) => name)).toContain("before");
    });
  });

  it("names the chain of each task, what it did last and what waits", async () => {
    const { tasks, next } = await alice.json<{ tasks: TaskView[]; next: string | null }>("/v1/tasks?status=live");
    expect(next).toBeNull();
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({
      id: task.id,
      agent,
      human: alice.humanId,
      names: { human: "Alice Example", device: "laptop", agent: "coder", task: "test work" },
      held: 1,
      brakes: [],
      last: { result: "deny", action: "mcp:files/no_such_tool" },
    });
    expect(tasks[0]?.perMinute).toBeGreaterThanOrEqual(3);
    expect(await alice.json(`/v1/tasks/${task.id}`)).toMatchObject({ names: { agent: "coder" } });
  });

  it("pages lists from the newest back", async () => {
    const first = await alice.json<{ humans: { id: string }[]; next: string }>("/v1/humans?limit=1&reverse=1");
    expect(first.humans.map(({ id }) => id)).toEqual([bob.humanId]);
    const second = await alice.json<{ humans: { id: string }[]; next: null }>(
      `/v1/humans?limit=1&reverse=1&before=${first.next}`,
    );
    expect(second).toMatchObject({ humans: [{ id: alice.humanId }], next: null });
  });

  it("counts what is under control", async () => {
    const overview = await alice.json<Overview>("/v1/overview");
    expect(overview).toMatchObject({
      agentsActive: 1,
      tasksLive: 1,
      callsHeld: 1,
      approvalsPending: 1,
      brakes: 0,
      points: ["mcp", "hooks"].map((name) => ({ name, lease: "valid" })),
    });
    expect(overview.deniedLastHour).toBe(1);
    expect(overview.minutes).toHaveLength(60);
    const sum = (of: "permit" | "deny" | "hold"): number => overview.minutes.reduce((all, m) => all + m[of], 0);
    expect([sum("permit"), sum("hold")]).toEqual([1, 1]);
  });

  it("counts the last hour again after a restart", async () => {
    const before = await alice.json<Overview>("/v1/overview");
    await here.restart();
    const again = async (): Promise<number> => (await alice.json<Overview>("/v1/overview")).deniedLastHour;
    await expect.poll(again).toBe(before.deniedLastHour);
  });

  it("shows what an agent did, tried and waits for, within a time", async () => {
    const page = await alice.json<ActPage>(`/v1/agents/${agent}/acts`);
    expect(page.acts.map(({ decision }) => decision?.result)).toEqual(["deny", "hold", "permit"]);
    expect(page.acts[2]).toMatchObject({ outcome: "ok", names: { human: "Alice Example", device: "laptop" } });
    expect(page.acts[1]?.approval).toMatch(/^apr_/);
    const rest = await alice.json<ActPage>(`/v1/agents/${agent}/acts?limit=2`);
    expect(rest.acts).toHaveLength(2);
    const last = await alice.json<ActPage>(`/v1/agents/${agent}/acts?limit=2&before=${String(rest.next)}`);
    expect(last.acts.map(({ id }) => id)).toEqual([page.acts[2]?.id]);
    expect((await alice.json<ActPage>(`/v1/agents/${agent}/acts?since=2099-01-01T00:00:00Z`)).acts).toEqual([]);
    expect((await alice.json<ActPage>(`/v1/agents/${agent}/acts?until=2020-01-01T00:00:00Z`)).acts).toEqual([]);
  });

  describe("search of the ledger", () => {
    const search = async (q: string): Promise<EntryPage> =>
      await alice.json<EntryPage>(`/v1/ledger/entries?reverse=1&names=1&limit=50&q=${encodeURIComponent(q)}`);

    it("reads an entry by its id, its index and its hash, with the bytes that were hashed", async () => {
      const one = await alice.json<EntryView>(`/v1/ledger/entries/${entry}`);
      const leaf = Buffer.from(one.leaf, "base64");
      expect(leaf.toString("utf8")).toBe(canonicalJson(one.body as never));
      const hash = Buffer.from(leafHasher(sha256)(leaf));
      const found = async (text: string): Promise<readonly unknown[]> => {
        const { entries, understood } = await search(text);
        return [understood?.as, entries.map(({ body }) => body.id)];
      };
      expect(await found(entry)).toEqual(["id", [entry]]);
      expect(await found(String(one.index))).toEqual(["index", [entry]]);
      await expect.poll(async () => await found(hash.toString("hex"))).toEqual(["hash", [entry]]);
      expect(await found(hash.toString("base64url"))).toEqual(["hash", [entry]]);
      expect(await found("0".repeat(64))).toEqual(["hash", []]);
    });

    it("reads people, agents, devices, tasks, records and resources", async () => {
      const as = async (q: string): Promise<string> => (await search(q)).understood?.as ?? "";
      expect(await as("alice example")).toBe("human");
      expect(await as("CODER")).toBe("agent");
      expect(await as("laptop")).toBe("device");
      expect(await as(task.id)).toBe("task");
      const agents = await search(agent);
      expect(agents.understood).toEqual({ as: "agent", value: agent, name: "coder" });
      expect(agents.names?.[alice.humanId]).toBe("Alice Example");
      expect(new Set(agents.entries.map(({ body }) => body.chain.agent))).toEqual(new Set([agent]));
      const files = await search("executives.json");
      expect(files.understood?.as).toBe("resource");
      expect(files.entries.length).toBeGreaterThan(0);
      expect((await search("nothing at all of this name")).entries).toEqual([]);
    });

    it("goes on where a page ended", async () => {
      const first = await alice.json<EntryPage>("/v1/ledger/entries?reverse=1&limit=3");
      const second = await alice.json<EntryPage>(`/v1/ledger/entries?reverse=1&limit=3&before=${String(first.next)}`);
      const indexes = [...first.entries, ...second.entries].map(({ index }) => index);
      expect(indexes).toEqual(Array.from({ length: 6 }, (_, i) => (indexes[0] ?? 0) - i));
    });
  });

  describe("events", () => {
    it("tells what changed, and to nobody what they may not read", async () => {
      const forAlice = await EventReader.open(alice);
      const forBob = await EventReader.open(bob);
      await alice.json(`/v1/agents`, {
        name: "second",
        owner: "me",
        purpose: "p",
        grants: [{ action: "mcp:files/*", resource: "**" }],
        expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
      });
      await forAlice.until((hints) => hints.some(({ kind }) => kind === "approval"));
      await forAlice.until((hints) => hints.some(({ kind }) => kind === "ledger"));
      await forBob.until((hints) => hints.some(({ kind }) => kind === "approval"));
      expect(forBob.hints.filter(({ kind }) => kind === "ledger")).toEqual([]);
      expect(forAlice.hints.every((hint) => Object.keys(hint).join() === "kind,id")).toBe(true);
      forAlice.close();
      forBob.close();
    });

    it("says nothing of a sign-in that anybody may ask for", async () => {
      const reader = await EventReader.open(alice);
      const { approvalsPending } = await alice.json<Overview>("/v1/overview");
      const { id } = await laptop.requestSignIn();
      const { approvalId } = await laptop.asAnyone<{ approvalId: string }>("/v1/clients", {
        client: "codex",
        label: "Codex CLI",
        session: laptop.deviceRequest(),
        upstreams: [],
        agent: {
          name: "asked",
          purpose: "p",
          grants: [{ action: "mcp:files/*", resource: "**" }],
          expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
        },
      });
      await alice.json("/v1/humans/invites", { roles: [] });
      await reader.until((hints) => hints.some(({ kind }) => kind === "ledger"));
      const heard = [...reader.hints];
      const later = await EventReader.open(alice, "0");
      await later.until((hints) => hints.some(({ kind }) => kind === "ledger"));
      for (const hint of [...heard, ...later.hints]) expect([id, approvalId]).not.toContain(hint.id);
      expect(await alice.json<Overview>("/v1/overview")).toMatchObject({ approvalsPending });
      later.close();
      reader.close();
    });

    it("resumes after a restart with what changed since, and with everything when it cannot know", async () => {
      const reader = await EventReader.open(alice);
      const { lastId } = reader;
      await here.restart();
      const { id } = await alice
        .json<{ id: string }>("/v1/brakes", {
          kind: "freeze",
          scope: { type: "agent", value: agent },
          reason: "look",
        })
        .then(async () => (await alice.json<{ brakes: BrakeView[] }>("/v1/brakes")).brakes[0]!);
      const resumed = await EventReader.open(alice, lastId);
      await resumed.until((hints) => hints.some((hint) => hint.kind === "brake" && hint.id === id));
      expect(resumed.hints.map(({ kind }) => kind)).not.toContain("everything");
      for (const unknown of ["999999999", "garbage"]) {
        const lost = await EventReader.open(alice, unknown);
        await lost.until((hints) => hints.some(({ kind }) => kind === "everything"));
        lost.close();
      }
      resumed.close();
    });

    it("ends at sign-out, and lets one person listen only so often", async () => {
      const carol = new Person(here.composed.api);
      Object.assign(carol, { passkey: bob.passkey, humanId: bob.humanId });
      await carol.signIn();
      const readers = await Promise.all(Array.from({ length: 8 }, async () => await EventReader.open(carol)));
      const ninth = await carol.fetch("/v1/events");
      expect([ninth.status, await ninth.json()]).toMatchObject([429, { code: "request.too_many" }]);
      await carol.fetch("/v1/session", { method: "DELETE" });
      await Promise.all(readers.map(async (reader) => await reader.ended));
      expect((await carol.fetch("/v1/events")).status).toBe(401);
    });
  });

  it("shows a stop point by point, with names, and the thaw that waits", async () => {
    const [brake] = (await alice.json<{ brakes: BrakeView[] }>("/v1/brakes")).brakes;
    expect(brake).toMatchObject({
      kind: "freeze",
      scopeName: "coder",
      byName: "Alice Example",
      reason: "look",
      progress: "stopped",
      points: ["mcp", "hooks"].map((name) => ({ name, how: "acknowledged" })),
      thawApproval: null,
    });
    const { agents } = await alice.json<{ agents: AgentView[] }>("/v1/agents");
    expect(agents[0]).toMatchObject({ brakes: [brake?.id], liveTasks: 1 });
    expect(await alice.json("/v1/brakes/preview?type=all")).toEqual({ agents: 1, tasks: 1, held: 0, points: 2 });
    const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/brakes/${brake?.id ?? ""}/thaw`, {});
    const shown = (await alice.json<{ brakes: BrakeView[] }>("/v1/brakes")).brakes[0];
    expect(shown?.thawApproval).toBe(approvalId);
  });
});
