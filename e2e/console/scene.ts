import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/client";
import { Installation, fileServer, mcpClient, refusalOf } from "../support/installation.ts";
import { Person } from "../support/person.ts";
import { type TaskClient, Workstation } from "../support/workstation.ts";

const DAY_MS = 86_400_000;
const FOLDERS = ["records", "website"] as const;

interface AgentIdea {
  readonly name: string;
  readonly purpose: string;
  readonly grants: readonly { readonly action: string; readonly resource: string }[];
}

type AgentName = "tidy" | "notes" | "audit" | "triage";
const AGENTS: Readonly<Record<AgentName, AgentIdea>> = {
  tidy: {
    name: "records-keeper",
    purpose: "Keep the customer records tidy: merge duplicates, correct addresses, flag what is out of date",
    grants: [{ action: "mcp:records/*", resource: "**" }],
  },
  notes: {
    name: "release-notes",
    purpose: "Write the release notes from merged changes",
    grants: [
      { action: "mcp:website/read_*", resource: "**" },
      { action: "mcp:website/list_*", resource: "**" },
      { action: "mcp:website/write_file", resource: "file:**/notes/**" },
    ],
  },
  audit: {
    name: "licence-audit",
    purpose: "Find files without a licence header",
    grants: [{ action: "mcp:website/*", resource: "**" }],
  },
  triage: {
    name: "support-triage",
    purpose: "Sort new support requests by product and urgency",
    grants: [{ action: "mcp:records/*", resource: "**" }],
  },
};

/** A real installation with people, agents and a morning's worth of work in it: for pictures and for looking at. */
export interface Scene {
  readonly here: Installation;
  readonly maya: Person;
  readonly jonas: Person;
  readonly agents: Readonly<Record<AgentName, string>>;
  readonly tasks: { readonly tidy: TaskClient; readonly notes: TaskClient; readonly triage: TaskClient };
  /** Waits for a signature. */
  readonly held: string;
  /** Was denied with a reason. */
  readonly denied: string;
  readonly consumed: string;
  readonly brake: string;
  readonly close: () => Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), "acme-"));
  await writeFiles(root);
  const here = await Installation.create({ upstreams: upstreamsIn(root), buildConsole: true });
  const maya = new Person(here.composed.api);
  await maya.register(here.composed.setupUrl ?? "", "Maya Okafor");
  const jonas = await colleague(here, maya);
  const laptop = new Workstation(here.composed.api, "maya-thinkpad");
  const desk = new Workstation(here.composed.api, "jonas-macbook");
  await laptop.signIn(maya);
  await desk.signIn(jonas);
  const agents = await register(maya, jonas);
  const people = { maya, jonas, laptop, desk };
  const close = async (): Promise<void> => {
    await here.close();
    await rm(root, { recursive: true, force: true });
  };
  return { here, maya, jonas, agents, ...(await morning(people, agents, root)), close };
}

async function writeFiles(root: string): Promise<void> {
  await Promise.all(FOLDERS.map(async (name) => await mkdir(join(root, name, "notes"), { recursive: true })));
  await writeFile(join(root, "records", "customers.json"), JSON.stringify([{ id: 1, name: "Ferro AG" }]));
  await writeFile(join(root, "records", "requests.csv"), "id,product,text\n1,vault,cannot sign in\n");
  await writeFile(join(root, "website", "CHANGES.md"), "# 4.2\n- faster search\n");
}

function upstreamsIn(root: string): Record<string, unknown> {
  const resources = { write_file: "file:{path}", read_text_file: "file:{path}", edit_file: "file:{path}" };
  return Object.fromEntries(
    FOLDERS.map((name) => [name, { kind: "mcp", command: fileServer(join(root, name)), resources }]),
  );
}

/** A second person, by an invitation and the first one's signature. */
async function colleague(here: Installation, maya: Person): Promise<Person> {
  const { url } = await maya.json<{ url: string }>("/v1/humans/invites", { roles: ["admin"] });
  const jonas = new Person(here.composed.api);
  const { approvalId } = await jonas.register(url, "Jonas Lindqvist");
  await maya.answer(approvalId ?? "");
  await jonas.signIn();
  return jonas;
}

async function register(maya: Person, jonas: Person): Promise<Scene["agents"]> {
  const one = async (owner: Person, idea: AgentIdea, days: number): Promise<string> => {
    const expiresAt = new Date(Date.now() + days * DAY_MS).toISOString();
    const { id, approvalId } = await owner.json<{ id: string; approvalId: string }>("/v1/agents", {
      ...idea,
      owner: "me",
      expiresAt,
    });
    await maya.answer(approvalId);
    return id;
  };
  return {
    tidy: await one(maya, AGENTS.tidy, 30),
    notes: await one(maya, AGENTS.notes, 14),
    audit: await one(maya, AGENTS.audit, 90),
    triage: await one(jonas, AGENTS.triage, 30),
  };
}

interface People {
  readonly maya: Person;
  readonly jonas: Person;
  readonly laptop: Workstation;
  readonly desk: Workstation;
}
type Morning = Omit<Scene, "here" | "maya" | "jonas" | "agents" | "close">;

async function morning({ maya, jonas, laptop, desk }: People, agents: Scene["agents"], root: string): Promise<Morning> {
  const tasks = {
    tidy: await laptop.openTask("records-keeper", { purpose: "Merge the duplicates found on Friday" }),
    notes: await laptop.openTask("release-notes", { purpose: "Release notes for 4.2" }),
    triage: await desk.openTask("support-triage", { purpose: "Requests that came in over night" }),
  };
  await mandate(maya, laptop);
  const records = await mcpClient(tasks.tidy, "auto", "records");
  const website = await mcpClient(tasks.notes, "auto", "website");
  const support = await mcpClient(tasks.triage, "auto", "records");
  const at = (...parts: string[]): { path: string } => ({ path: join(root, ...parts) });
  for (let i = 0; i < 6; i += 1) {
    await records.callTool({ name: "read_text_file", arguments: at("records", "customers.json") });
    await support.callTool({ name: "list_directory", arguments: at("records") });
  }
  await website.callTool({ name: "read_text_file", arguments: at("website", "CHANGES.md") });
  await support.callTool({ name: "read_text_file", arguments: at("records", "requests.csv") });
  const hold = async (client: Client, path: string, content: string): Promise<string> => {
    const call = { name: "write_file", arguments: { path: join(root, path), content } };
    return refusalOf(await client.callTool(call))?.approval ?? "";
  };
  const consumed = await hold(
    records,
    "records/customers.json",
    '[{"id":1,"name":"Ferro AG"},{"id":2,"name":"Ost & Co"}]',
  );
  await maya.answer(consumed);
  await records.callTool({ name: "countersign_wait", arguments: { approval: consumed } });
  const denied = await hold(support, "records/requests.csv", "");
  await jonas.answer(denied, "deny", { reason: "It would empty the file of requests. Sort them into a new one." });
  // Beyond its grant: denied without asking anybody.
  await website.callTool({ name: "write_file", arguments: { ...at("website", "CHANGES.md"), content: "" } });
  const held = await hold(records, "records/archive-2019.json", JSON.stringify(MERGE, null, 2));
  await hold(website, "website/notes/4.2.md", "# Countersign 4.2\n\nSearch is twice as fast.\n");
  await Promise.all([records, website, support].map(async (client) => await client.close()));
  return { tasks, held, denied, consumed, brake: await stops({ maya, laptop }, agents) };
}

/** The same agent at night, when nobody is there. */
async function mandate(maya: Person, laptop: Workstation): Promise<void> {
  const { approvalId } = await laptop.json<{ approvalId: string }>("/v1/mandates", {
    agent: "records-keeper",
    purpose: "Count the records and report what looks wrong",
    trigger: "cron, every night at 03:00",
    grants: [{ action: "mcp:records/read_*", resource: "**" }],
    tasksPerDay: 2,
    expiresAt: new Date(Date.now() + 20 * DAY_MS).toISOString(),
  });
  await maya.answer(approvalId);
}

const MERGE = {
  customers: [
    { id: 4117, name: "Bäckerei Sonnleitner", mergedFrom: [4117, 5290], city: "Graz" },
    { id: 4120, name: "Nordlys Kaffe AS", mergedFrom: [4120, 4981], city: "Bergen" },
  ],
};

/** A task that was severed, a freeze that is in force. */
async function stops({ maya, laptop }: Pick<People, "maya" | "laptop">, agents: Scene["agents"]): Promise<string> {
  const task = await laptop.openTask("licence-audit", { purpose: "Files without a header, whole repository" });
  await maya.json("/v1/brakes", {
    kind: "sever",
    scope: { type: "task", value: task.id },
    reason: "Reads far more than it needs",
  });
  const { brake } = await maya.json<{ brake: string }>("/v1/brakes", {
    kind: "freeze",
    scope: { type: "agent", value: agents.audit },
    reason: "Looks at private files; waits for a narrower scope",
  });
  return brake;
}
