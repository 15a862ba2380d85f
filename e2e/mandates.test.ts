import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { generateSigningKey, signKeyProof } from "@countersign/credentials";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import { Person } from "./support/person.ts";
import { TaskClient, Workstation } from "./support/workstation.ts";

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL("../examples/", import.meta.url));
const DAY_MS = 86_400_000;

describe("a mandate", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
    await writeFile(join(here.files, "executives.json"), "1\n2\n3\n");
  });
  afterAll(async () => await here.close());

  const mandate = async (more: Record<string, unknown> = {}): Promise<string> => {
    const { id, approvalId } = await laptop.json<{ id: string; approvalId: string }>("/v1/mandates", {
      agent: "coder",
      purpose: "count the records",
      trigger: "cron, 03:00",
      tasksPerDay: 2,
      expiresAt: new Date(Date.now() + DAY_MS).toISOString(),
      ...more,
    });
    await alice.answer(approvalId);
    return id;
  };

  interface Opening {
    readonly agent?: string;
    readonly device?: Workstation;
    readonly tiedTo?: string;
    readonly grants?: readonly object[];
  }
  /** Opens a task as a workload does: no session, the device's key. */
  const open = async (
    id: string,
    { agent = "coder", device = laptop, tiedTo, grants }: Opening = {},
  ): Promise<TaskClient> => {
    const key = generateSigningKey();
    const audience = here.composed.api;
    const now = Date.now();
    const proof = { purpose: "workload", audience, nonce: tiedTo ?? key.jkt, now } as const;
    const response = await fetch(`${audience}/v1/tasks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        agent,
        purpose: "the nightly count",
        ...(grants === undefined ? {} : { grants }),
        keyProof: signKeyProof(key, { purpose: "task", audience, nonce: agent, now }),
        under: { mandate: id, deviceProof: signKeyProof(device.key, proof), evidence: device.evidence() },
      }),
    });
    const opened = (await response.json()) as {
      id: string;
      gateway: string;
      code: string;
      token: { accessToken: string };
    };
    if (!response.ok) throw new Error(opened.code);
    return new TaskClient(opened.id, opened.gateway, { key, accessToken: opened.token.accessToken });
  };
  const read = async (task: TaskClient): Promise<string | null> => {
    const client = await mcpClient(task);
    const answer = await client.callTool({
      name: "read_text_file",
      arguments: { path: join(here.files, "executives.json") },
    });
    await client.close();
    return refusalOf(answer)?.code ?? null;
  };

  it("lets its workload act while nobody is signed in, as often a day as was signed", verifies("INV-1"), async () => {
    const id = await mandate();
    expect(await read(await open(id))).toBeNull();
    await open(id);
    await expect(open(id)).rejects.toThrow("task.no_human");
    const { mandates } = await alice.json<{ mandates: Record<string, unknown>[] }>("/v1/mandates");
    expect(mandates.find((one) => one["id"] === id)).toMatchObject({
      status: "active",
      openedToday: 2,
      tasksPerDay: 2,
      purpose: "count the records",
      trigger: "cron, 03:00",
      agent: { name: "coder" },
    });
  });

  it("counts exactly when many ask at once", async () => {
    const id = await mandate({ tasksPerDay: 5 });
    const tries = Array.from(
      { length: 12 },
      async () =>
        await open(id).then(
          () => 1,
          () => 0,
        ),
    );
    expect((await Promise.all(tries)).reduce((sum: number, one) => sum + one, 0)).toBe(5);
  });

  it(
    "opens nothing before it is signed, for another key, another agent, or with an overheard proof",
    verifies("INV-4"),
    async () => {
      const { id: proposed } = await laptop.json<{ id: string }>("/v1/mandates", {
        agent: "coder",
        purpose: "count",
        trigger: "cron",
        tasksPerDay: 1,
        expiresAt: new Date(Date.now() + DAY_MS).toISOString(),
      });
      await expect(open(proposed)).rejects.toThrow("request.not_found");
      const id = await mandate();
      await here.agent(alice, { name: "other" });
      await expect(open(id, { device: new Workstation(here.composed.api) })).rejects.toThrow("credential.wrong_key");
      await expect(open(id, { agent: "other" })).rejects.toThrow("request.forbidden");
      await expect(open(id, { tiedTo: generateSigningKey().jkt })).rejects.toThrow("credential.replayed");
    },
  );

  it("gives no more than it was signed for", verifies("INV-4"), async () => {
    const grants = [{ action: "mcp:files/read_text_file", resource: `file:${here.files}/**` }];
    const id = await mandate({ grants, tasksPerDay: 5 });
    const client = await mcpClient(await open(id));
    const refused = refusalOf(await client.callTool({ name: "list_allowed_directories", arguments: {} }));
    await client.close();
    expect(refused?.code).toBe("grant.missing");
    await expect(open(id, { grants: [{ action: "mcp:files/*", resource: "**" }] })).rejects.toThrow("grant.missing");
    await expect(mandate({ grants: [{ action: "**", resource: "**" }] })).rejects.toThrow("grant.missing");
    await expect(mandate({ expiresAt: new Date(Date.now() + 91 * DAY_MS).toISOString() })).rejects.toThrow("90 days");
  });

  it("ends with one call, and what it opened with it", verifies("INV-10"), async () => {
    const id = await mandate();
    const task = await open(id);
    expect(await read(task)).toBeNull();
    await alice.json(`/v1/mandates/${id}/revoke`, {});
    const shown = await alice.json<{ status: string; cause: string }>(`/v1/tasks/${task.id}`);
    expect(shown).toMatchObject({ status: "ended", cause: "mandate revoked" });
    await expect(open(id)).rejects.toThrow("task.no_human");
  });

  it("dies with its agent, and a severed agent opens nothing under it", verifies("INV-10"), async () => {
    const agent = await here.agent(alice, { name: "short" });
    const id = await mandate({ agent: "short", tasksPerDay: 5 });
    await open(id, { agent: "short" });
    await alice.json("/v1/brakes", { kind: "sever", scope: { type: "agent", value: agent }, reason: "odd" });
    await expect(open(id, { agent: "short" })).rejects.toThrow("brake.severed");
    await alice.json(`/v1/agents/${agent}/retire`, {});
    expect((await alice.json<{ status: string }>(`/v1/mandates/${id}`)).status).toBe("revoked");
    expect(await here.composed.zombies()).toEqual([]);
  });

  it("survives a restart", async () => {
    const id = await mandate();
    await open(id);
    await here.restart();
    expect(await read(await open(id))).toBeNull();
    await expect(open(id)).rejects.toThrow("task.no_human");
  });

  describe("by its examples", () => {
    let home: string;
    let line: CommandLine;

    beforeAll(async () => {
      home = join(here.folder, "home");
      await mkdir(join(home, "bin"), { recursive: true });
      line = new CommandLine(home, { COUNTERSIGN_SERVER: here.composed.api });
      await symlink(line.program, join(home, "bin", "countersign"));
      await alice.json("/v1/me");
      const { approvalId } = await line.json<{ approvalId: string }>("login", "--no-wait");
      await alice.answer(approvalId);
    });

    const agentOf = async (name: string): Promise<void> => {
      await here.agent(alice, { name, grants: [{ action: "mcp:files/read_*", resource: `file:${here.files}/**` }] });
    };
    const bounds = ["--purpose", "count the records", "--trigger", "at night", "--expires", "30d"];
    /** What cron gives a job: hardly anything. */
    const bare = (): Record<string, string> => ({
      HOME: home,
      PATH: `${join(home, "bin")}:/usr/bin:/bin`,
      SHELL: "/bin/sh",
      XDG_CACHE_HOME: line.env["XDG_CACHE_HOME"] ?? "",
      RECORDS: join(here.files, "executives.json"),
    });

    it("runs the line of the crontab", async () => {
      await agentOf("nightly");
      const created = await line.json<{ id: string; approvalId: string }>(
        "mandate",
        "create",
        "--agent",
        "nightly",
        ...bounds,
      );
      expect(created.code).toBe(4);
      await alice.answer(created.approvalId);
      const [entry = ""] = (await readFile(join(EXAMPLES, "nightly-cron/crontab"), "utf8"))
        .trim()
        .split("\n")
        .slice(-1);
      const command = entry
        .replace(/^(\S+\s+){5}/, "")
        .replace("$HOME/nightly/count-records.mjs", join(EXAMPLES, "nightly-cron/count-records.mjs"));
      await mkdir(join(home, "nightly"));
      const node = join(home, "bin", "node");
      await symlink(process.execPath, node);
      await run("/bin/sh", ["-c", command], {
        env: { ...bare(), COUNTERSIGN_SERVER: here.composed.api, MANDATE: created.id },
      });
      expect(await readFile(join(home, "nightly", "log"), "utf8")).toBe("3 records\n");
      const listed = await line.run("mandate", "list");
      expect(listed.stdout).toMatch(/nightly .*at night .*1 of 1/);
    });

    it("runs the CI job on a machine that was never enrolled, until the mandate is revoked", async () => {
      await agentOf("ci");
      const created = await line.json<{ id: string; approvalId: string; workloadFile: string }>(
        "mandate",
        "create",
        "--agent",
        "ci",
        "--tasks-per-day",
        "9",
        "--workload-file",
        "ci.workload",
        ...bounds,
      );
      await alice.answer(created.approvalId);
      const secret = await readFile(created.workloadFile, "utf8");
      const runner = join(here.folder, "runner");
      await mkdir(runner);
      await copyFile(join(EXAMPLES, "ci-job/job.sh"), join(runner, "job.sh"));
      await chmod(join(runner, "job.sh"), 0o755);
      const job = async (): Promise<{ stdout: string }> =>
        await run(join(runner, "job.sh"), [process.execPath, join(EXAMPLES, "nightly-cron/count-records.mjs")], {
          env: { ...bare(), HOME: runner, COUNTERSIGN_WORKLOAD: secret },
        });
      expect((await job()).stdout).toBe("3 records\n");
      expect((await line.json("mandate", "revoke", created.id)).code).toBe(0);
      await expect(job()).rejects.toThrow(/mandate was revoked/);
    });
  });
});
