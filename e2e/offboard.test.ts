import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import { Workstation } from "./support/workstation.ts";

interface Receipt {
  readonly brake: string;
  readonly state: string;
  readonly points: readonly { name: string; how: string; inFlight: readonly { disposition: string }[] }[];
}
interface Listed {
  readonly agents: readonly { id: string; name: string; status: string; owner: { id: string } | null }[];
  readonly tasks: readonly { id: string; human: string; status: string }[];
  readonly mandates: readonly { id: string; owner: { id: string } | null; status: string }[];
  readonly devices: readonly { id: string; owner: string; status: string }[];
  readonly humans: readonly { id: string; status: string }[];
}
/** Somebody with a passkey, a browser session and a signed-in laptop. */
interface Employee {
  readonly person: Person;
  readonly laptop: Workstation;
}

const GRANTS = [{ action: "mcp:*/*", resource: "**" }];
const DAY = 86_400_000;
const everything = [
  process.execPath,
  fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js")),
  "stdio",
];

describe("off-boarding", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let hired = 0;

  beforeAll(async () => {
    const slow = {
      kind: "mcp",
      command: everything,
      effects: { "trigger-long-running-operation": "read", echo: "read" },
    };
    here = await Installation.create({ upstreams: { slow } });
    ({ alice, laptop } = await here.people());
  });
  afterAll(async () => await here.close());

  const hire = async (roles: readonly string[] = []): Promise<Employee> => {
    hired += 1;
    const { url } = await alice.json<{ url: string }>("/v1/humans/invites", { roles });
    const person = new Person(here.composed.api);
    const { approvalId } = await person.register(url, `Bob ${String(hired)}`);
    await alice.answer(approvalId ?? "");
    await person.signIn();
    const theirs = new Workstation(here.composed.api, `laptop ${String(hired)}`);
    await theirs.signIn(person);
    return { person, laptop: theirs };
  };
  const proposeAgent = async (owner: string, name: string): Promise<{ id: string; approvalId: string }> =>
    await alice.json("/v1/agents", {
      name,
      owner,
      purpose: "keep the records tidy",
      grants: GRANTS,
      expiresAt: new Date(Date.now() + DAY).toISOString(),
    });
  const agentOf = async (owner: string, name: string): Promise<string> => {
    const { id, approvalId } = await proposeAgent(owner, name);
    await alice.answer(approvalId);
    return id;
  };
  const offboard = async (human: string, by: Person = alice): Promise<Receipt> =>
    await by.json<Receipt>(`/v1/humans/${human}/offboard`, { reason: "has left the company" });
  const read = async <K extends keyof Listed>(kind: K): Promise<Listed[K]> =>
    (await alice.json<Listed>(`/v1/${kind}`))[kind];
  /** INV-10: what is still in force of a person who has left; nothing may be. */
  const leftOf = async (human: string): Promise<readonly string[]> => [
    ...(await read("agents")).filter((a) => a.owner?.id === human && a.status === "active").map(({ id }) => id),
    ...(await read("tasks")).filter((t) => t.human === human && t.status === "live").map(({ id }) => id),
    ...(await read("mandates")).filter((m) => m.owner?.id === human && m.status === "active").map(({ id }) => id),
    ...(await read("devices")).filter((d) => d.owner === human && d.status === "active").map(({ id }) => id),
    ...(await here.composed.zombies()).map((zombie) => JSON.stringify(zombie)),
  ];

  it(
    "stops every agent of theirs everywhere before it returns, with all that rests on them",
    verifies("INV-3", "INV-8"),
    async () => {
      const bob = await hire();
      const name = "leaver";
      const agent = await agentOf(bob.person.humanId, name);
      const task = await bob.laptop.openTask(name);
      const client = await mcpClient(task, "auto", "slow");
      const progress: number[] = [];
      const running = Promise.withResolvers<undefined>();
      const call = client.callTool(
        { name: "trigger-long-running-operation", arguments: { duration: 20, steps: 200 } },
        {
          onprogress: (p) => {
            progress.push(p.progress);
            running.resolve(undefined);
          },
        },
      );
      await running.promise;
      const receipt = await offboard(bob.person.humanId);
      const seen = progress.length;
      expect(receipt).toMatchObject({
        state: "stopped",
        kind: "sever",
        scope: { type: "owner", value: bob.person.humanId },
        points: [
          { name: "mcp", how: "acknowledged", inFlight: [{ disposition: expect.stringMatching(/unknown|withheld/) }] },
          { name: "hooks", how: "acknowledged", inFlight: [] },
        ],
      });
      expect(refusalOf(await call)).toMatchObject({ decision: "deny", code: "brake.severed", brake: receipt.brake });
      expect(progress.length).toBe(seen);
      expect(await leftOf(bob.person.humanId)).toEqual([]);
      expect((await read("agents")).find(({ id }) => id === agent)?.status).toBe("owner_lost");
      expect((await read("humans")).find(({ id }) => id === bob.person.humanId)?.status).toBe("inactive");
      expect((await bob.person.fetch("/v1/me")).status).toBe(401);
      await expect(bob.person.signIn()).rejects.toThrow("webauthn.refused");
      await expect(bob.laptop.openTask(name)).rejects.toThrow(/40[13]/);
      // Said again, it is the same stop.
      expect(await offboard(bob.person.humanId)).toEqual(receipt);
      await client.close().catch(() => undefined);
    },
  );

  it(
    "is a latch: a re-hire revives nothing, and only a signed reassignment gives an agent an owner",
    verifies("INV-8"),
    async () => {
      const bob = await hire();
      const { humanId } = bob.person;
      const agent = await agentOf(humanId, "orphan");
      const { brake } = await offboard(humanId);
      const refused = await alice.fetch(`/v1/agents/${agent}/reinstate`, { body: {} });
      expect(refused.status).toBe(409);
      const { approvalId } = await alice.json<{ approvalId: string }>(`/v1/humans/${humanId}/reinstate`, {});
      await alice.answer(approvalId);
      await bob.person.signIn();
      const { approvalId: thaw } = await alice.json<{ approvalId: string }>(`/v1/brakes/${brake}/thaw`, {});
      await alice.answer(thaw);
      const back = new Workstation(here.composed.api, "new laptop");
      await back.signIn(bob.person);
      await expect(back.openTask("orphan")).rejects.toThrow(/agent.owner_lost/);
      expect((await read("agents")).find(({ id }) => id === agent)?.status).toBe("owner_lost");
      const moved = await alice.json<{ approvalId: string }>(`/v1/agents/${agent}/reassign`, { owner: "me" });
      await expect(laptop.openTask("orphan")).rejects.toThrow(/agent.owner_lost/);
      await alice.answer(moved.approvalId);
      const client = await mcpClient(await laptop.openTask("orphan"), "auto", "slow");
      expect(refusalOf(await client.callTool({ name: "echo", arguments: { message: "x" } }))).toBeNull();
      await client.close();
      await expect(back.openTask("orphan")).rejects.toThrow(/403/);
    },
  );

  it("lets nothing slip through that happens at the same time", verifies("INV-8", "INV-10"), async () => {
    for (let round = 0; round < 6; round += 1) {
      const { person, laptop: theirs } = await hire(["admin"]);
      const { humanId } = person;
      const name = (what: string): string => `${what}-${String(round)}`;
      await agentOf(humanId, name("racer"));
      const task = await theirs.openTask(name("racer"));
      const created = await proposeAgent(humanId, name("created"));
      const orphan = await orphanOf(name("adopted"));
      const adopted = await alice.json<{ approvalId: string }>(`/v1/agents/${orphan}/reassign`, { owner: humanId });
      const paused = await agentOf(humanId, name("paused"));
      await alice.json(`/v1/agents/${paused}/suspend`, {});
      const revived = await alice.json<{ approvalId: string }>(`/v1/agents/${paused}/reinstate`, {});
      const mandate = await theirs.json<{ approvalId: string }>("/v1/mandates", {
        agent: name("racer"),
        purpose: "at night",
        trigger: "3 o'clock",
        tasksPerDay: 3,
        expiresAt: new Date(Date.now() + DAY).toISOString(),
      });
      const second = new Workstation(here.composed.api, "second");
      const request = await second.requestSignIn();
      const renewed = { keyProof: task.proof(here.composed.api) };
      const acts = [
        async () => await alice.answer(created.approvalId),
        async () => await alice.answer(adopted.approvalId),
        async () => await alice.answer(revived.approvalId),
        async () => await alice.answer(mandate.approvalId),
        async () => await person.answer(request.id),
        async () => await person.signIn(),
        async () => await person.json("/v1/humans/invites", { roles: ["admin"] }),
        async () => await theirs.json(`/v1/tasks/${task.id}/token`, renewed),
        ...Array.from({ length: 4 }, () => async () => await theirs.openTask(name("racer"))),
      ];
      const at = Math.floor((acts.length * round) / 6);
      const all = acts.map(async (act) => await act());
      await Promise.allSettled(all.slice(0, at));
      const [gone] = await Promise.all([offboard(humanId), Promise.allSettled(all)]);
      expect(gone.state).toBe("stopped");
      expect(await leftOf(humanId)).toEqual([]);
      expect((await person.fetch("/v1/me")).status).toBe(401);
      expect((await theirs.fetch("/v1/me")).status).not.toBe(200);
      expect((await second.fetch("/v1/me")).status).not.toBe(200);
    }
  });

  const orphanOf = async (name: string): Promise<string> => {
    const { person } = await hire();
    const id = await agentOf(person.humanId, name);
    await offboard(person.humanId);
    return id;
  };

  it("leaves somebody who can sign: not the last administrator, nor two at the same time", async () => {
    const last = await alice.fetch(`/v1/humans/${alice.humanId}/offboard`, { body: { reason: "x" } });
    expect(last.status).toBe(409);
    expect(await last.json()).toMatchObject({ code: "human.last_admin" });
    const [bob, carol] = [await hire(["admin"]), await hire(["admin"])];
    const both = [bob, carol].map(async ({ person }) => await offboard(person.humanId, alice));
    expect((await Promise.all(both)).map(({ state }) => state)).toEqual(["stopped", "stopped"]);
    const dave = await hire(["admin"]);
    const answers = await Promise.all([
      dave.person.fetch(`/v1/humans/${alice.humanId}/offboard`, { body: { reason: "x", wait: false } }),
      alice.fetch(`/v1/humans/${dave.person.humanId}/offboard`, { body: { reason: "x", wait: false } }),
    ]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, expect.any(Number)]);
    const admins = (await daveOrAlice(dave.person)).filter(({ status }) => status === "active");
    expect(admins).toHaveLength(1);
    // Whoever is left goes on in this test.
    if (answers[0]?.status === 202) alice = dave.person;
  });

  const daveOrAlice = async (dave: Person): Promise<readonly { id: string; status: string }[]> => {
    const reader = (await alice.fetch("/v1/me")).status === 200 ? alice : dave;
    const { humans } = await reader.json<{ humans: { id: string; status: string; roles: string[] }[] }>("/v1/humans");
    return humans.filter(({ roles }) => roles.includes("admin"));
  };

  it("is done by an administrator or on this machine, with a reason, for somebody who exists", async () => {
    const bob = await hire();
    const other = await hire();
    const path = `/v1/humans/${other.person.humanId}/offboard`;
    expect((await bob.person.fetch(path, { body: { reason: "x" } })).status).toBe(403);
    expect((await new Person(here.composed.api).fetch(path, { body: { reason: "x" } })).status).toBe(401);
    expect((await alice.fetch(path, { body: {} })).status).toBe(400);
    const nobody = "/v1/humans/hum_0000000000000000000000/offboard";
    expect((await alice.fetch(nobody, { body: { reason: "x" } })).status).toBe(404);
    const begun = await overSocket(`${here.data}/control.sock`, path, { reason: "left", wait: false });
    expect(begun).toMatchObject({ status: 202, json: { id: expect.stringMatching(/^brk_/), state: "stopping" } });
    const { id } = begun.json as { id: string };
    await expect.poll(async () => (await alice.json<{ state: string }>(`/v1/brakes/${id}`)).state).toBe("stopped");
  });

  it("a lost device ends what stands on it, with a receipt, and for good", verifies("INV-3", "INV-10"), async () => {
    const bob = await hire();
    await agentOf(bob.person.humanId, "traveller");
    const client = await mcpClient(await bob.laptop.openTask("traveller"), "auto", "slow");
    expect(refusalOf(await client.callTool({ name: "echo", arguments: { message: "x" } }))).toBeNull();
    const opening = Array.from({ length: 6 }, async () => await bob.laptop.openTask("traveller").catch(() => null));
    const path = `/v1/devices/${bob.laptop.device}/lost`;
    const receipt = await bob.person.json<Receipt>(path, { reason: "left on a train" });
    await Promise.all(opening);
    expect(receipt.state).toBe("stopped");
    expect(receipt.points.map(({ how }) => how)).toEqual(["acknowledged", "acknowledged"]);
    expect(refusalOf(await client.callTool({ name: "echo", arguments: { message: "x" } }))).toMatchObject({
      code: "brake.severed",
      brake: receipt.brake,
    });
    expect((await bob.laptop.fetch("/v1/me")).status).not.toBe(200);
    expect((await read("tasks")).filter((t) => t.human === bob.person.humanId && t.status === "live")).toEqual([]);
    expect(await here.composed.zombies()).toEqual([]);
    expect((await bob.person.fetch(path, { body: { reason: "again" } })).status).toBe(409);
    await expect(bob.laptop.signIn(bob.person)).rejects.toThrow("approval.not_approver");
    await client.close().catch(() => undefined);
  });
});
