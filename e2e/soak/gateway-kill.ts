import { randomInt, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LedgerEntry } from "@countersign/core";
import { stringify } from "yaml";
import { fileServer, mcpClient, refusalOf } from "../support/installation.ts";
import { type Started, countersign, startUp, userEnvironment } from "../support/launcher.ts";
import { Person } from "../support/person.ts";
import { overSocket } from "../support/socket.ts";
import { Workstation } from "../support/workstation.ts";
import type { Loop, Round } from "./loop.ts";

/** Clients that call at the same time. */
const CLIENTS = 8;

/** The whole of `countersign up`, killed under MCP load, and what agents were told compared with what the ledger holds afterwards. */
export const gatewayKill: Loop = {
  name: "gateway",
  about: "kill -9 of `countersign up` while agents call tools, then start again",
  rounds: 20,
  shortRounds: 3,
  obstacle: () => null,
  run: rounds,
};

/** What an agent was told: it must be in the ledger for ever. */
interface Told {
  /** Folders that were made by calls that were answered. */
  readonly made: Set<string>;
  /** Entries that refusals named. */
  readonly entries: Set<string>;
}

interface Place {
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

async function* rounds(count: number): AsyncGenerator<Round> {
  const place = newPlace();
  const told: Told = { made: new Set(), entries: new Set() };
  const who = { alice: null as Person | null };
  try {
    for (let round = 1; round <= count; round += 1) {
      const detail = `kill ${String(round)} of ${String(count)}`;
      try {
        const before = told.made.size + told.entries.size;
        who.alice = await killUnderLoad(place, who.alice, told);
        const entries = await examineAfter(place, told);
        const fresh = told.made.size + told.entries.size - before;
        yield {
          detail: `${detail}: ${String(fresh)} answers told, ${String(entries)} entries, all there`,
          fault: null,
        };
      } catch (error) {
        yield { detail, fault: error instanceof Error ? error.message : String(error) };
        return;
      }
    }
  } finally {
    rmSync(place.folder, { recursive: true, force: true });
  }
}

function newPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "countersign-gateway-kill-"));
  const files = join(folder, "files");
  mkdirSync(files);
  const upstreams = {
    files: { kind: "mcp", command: fileServer(files), resources: { create_directory: "file:{path}" } },
  };
  const config = join(folder, "countersign.yaml");
  writeFileSync(config, stringify({ listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" }, upstreams }));
  return { folder, args: ["--data", join(folder, "data"), "--config", config], env: userEnvironment(folder) };
}

async function killUnderLoad(place: Place, known: Person | null, told: Told): Promise<Person> {
  const up = await startUp(place.args, place.env);
  const alice = known ?? (await firstPerson(up));
  const laptop = new Workstation(up.ready.api);
  await laptop.signIn(alice);
  const task = await laptop.openTask("coder");
  const clients = await Promise.all(Array.from({ length: CLIENTS }, async () => await mcpClient(task)));
  const dead = new AbortController();
  const work = clients.map(async (client) => {
    while (!dead.signal.aborted) {
      const path = join(place.folder, "files", randomUUID());
      // What is cut off by the kill was told to nobody: only answers count.
      const made = await client.callTool({ name: "create_directory", arguments: { path } }).catch(() => null);
      if (made !== null && refusalOf(made) === null) told.made.add(`file:${path}`);
      const refused = refusalOf(await client.callTool({ name: "no_such_tool", arguments: {} }).catch(() => ({})));
      if (typeof refused?.entry === "string") told.entries.add(refused.entry);
    }
  });
  const before = told.made.size + told.entries.size;
  while (told.made.size + told.entries.size < before + CLIENTS) await pause(20);
  await pause(randomInt(50, 1500));
  await up.stop("SIGKILL");
  dead.abort();
  await Promise.all(work);
  await Promise.all(clients.map(async (client) => await client.close().catch(() => undefined)));
  return alice;
}

async function firstPerson(up: Started): Promise<Person> {
  const alice = new Person(up.ready.api);
  await alice.register(up.ready.setupUrl ?? "", "Alice Example");
  const agent = {
    name: "coder",
    owner: "me",
    purpose: "make folders",
    grants: [{ action: "mcp:files/*", resource: "**" }],
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
  };
  const { approvalId } = await alice.json<{ approvalId: string }>("/v1/agents", agent);
  await alice.answer(approvalId);
  return alice;
}

/** Starts again and compares what was told with what is there. @throws Error with the first thing that is missing */
async function examineAfter(place: Place, told: Told): Promise<number> {
  const up = await startUp(place.args, place.env);
  try {
    const all = await allEntries(join(place.folder, "data", "control.sock"));
    const ids = new Set(all.map(({ id }) => id as string));
    const lost = [...told.entries].find((id) => !ids.has(id));
    if (lost !== undefined) throw new Error(`the entry ${lost} that an agent was told is gone`);
    const outcomes = new Map(all.filter((e) => e.kind === "action.outcome").map((e) => [e.intent, e]));
    const intents = all.filter((e) => e.kind === "action.intent");
    const open = intents.find((e) => !outcomes.has(e.intent));
    if (open !== undefined) throw new Error(`the intent ${String(open.intent)} has no outcome`);
    const done = new Set(
      intents.filter((e) => outcomes.get(e.intent)?.outcome?.status === "ok").map((e) => e.resource),
    );
    const unrecorded = [...told.made].find((resource) => !done.has(resource));
    if (unrecorded !== undefined)
      throw new Error(`an agent was told that ${unrecorded} was made, the ledger does not say so`);
    const exported = join(place.folder, `export-${randomUUID()}`);
    await expectOk(place, [
      "ledger",
      "export",
      exported,
      "--data",
      join(place.folder, "data"),
      "--server",
      up.ready.api,
    ]);
    await expectOk(place, ["ledger", "verify", "--offline", exported]);
    return all.length;
  } finally {
    await up.stop();
  }
}

async function allEntries(socket: string): Promise<readonly LedgerEntry[]> {
  const all: LedgerEntry[] = [];
  for (;;) {
    const { json } = await overSocket(socket, `/v1/ledger/entries?limit=1000&from=${String(all.length)}`);
    const page = json["entries"] as { body: LedgerEntry }[];
    all.push(...page.map(({ body }) => body));
    if (page.length < 1000) return all;
  }
}

async function expectOk(place: Place, args: readonly string[]): Promise<void> {
  const ran = await countersign([...args, "--json"], place.env);
  if (ran.code !== 0) throw new Error(`countersign ${args.join(" ")}: ${ran.stderr}`);
}
