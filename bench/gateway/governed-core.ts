import { join } from "node:path";
import { uptime } from "node:os";
import type { Call } from "@countersign/core";
import { pooledRandom } from "@countersign/credentials";
import { type Action, type Effector, EnforcementPoint, type Releaser } from "@countersign/enforce";
import { type Evaluator, createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { startServer } from "@countersign/server";
import { pino } from "pino";
import { Workstation } from "../../e2e/support/workstation.ts";
import { AGENT, registered, writeConfiguration } from "./installation.ts";

const random = pooledRandom();
const PIN = "A".repeat(43);
const ANSWER = Buffer.from('{"content":[{"type":"text","text":"hello"}]}');

/** A whole installation in this process without a transport: actions go straight into the enforcement point. */
export interface GovernedCore {
  /** Takes one action from its decision to its release; rejects when it was refused. */
  act(number: number): Promise<void>;
  /** The policies in force, and the way to exchange their engine. */
  readonly point: EnforcementPoint;
  close(): Promise<void>;
}

/** Starts the real store, control plane and enforcement point on `folder`; a person signs in, registers an agent and opens a task. */
export async function startGovernedCore(folder: string): Promise<GovernedCore> {
  const server = await startServer({
    dataDir: join(folder, "data"),
    hasGateway: false,
    configFile: await writeConfiguration(folder, { notes: ["none"] }),
    masterKeyFile: join(folder, "keys", "master.key"),
    environment: {},
    overrides: {},
    random,
    now: Date.now,
    log: pino({ level: "silent" }),
    version: "0.0.0",
  });
  const point = new EnforcementPoint({
    id: (await server.ownPoint("bench")).id,
    name: "bench",
    controlPlane: server.controlPlane,
    clocks: { monotonicMs: () => performance.now(), wallMs: Date.now, uptimeMs: () => uptime() * 1000 },
    random,
    issuer: { ...server.issuer, audience: "http://127.0.0.1:1" },
    compile: async ({ terms }) => await defaultEngine(terms.text),
    log: pino({ level: "silent" }),
  });
  server.connect(point);
  await point.start();
  await server.pinUpstreams(async () => await Promise.resolve({ ok: true, tools: [{ name: "read_note", hash: PIN }] }));
  const { api, setupUrl } = await server.serve("http://127.0.0.1:1");
  const claims = await openTask(api, setupUrl ?? "");
  await learned(point, claims);
  return {
    point,
    act: async (number) => await act(point, claims, number),
    close: async () => {
      await point.stop();
      await server.close();
    },
  };
}

async function learned(point: EnforcementPoint, claims: Action["claims"]): Promise<void> {
  const task = claims.ok ? claims.chain.task : null;
  if (task === null || !(await point.learn(task))) throw new Error("the task is not known at the point");
}

async function defaultEngine(text: string): Promise<Evaluator> {
  const parsed = await parsePolicies(text);
  if (!parsed.ok) throw new Error("the policies are not valid");
  return createCedarEvaluator(parsed.set);
}

async function openTask(api: string, setupUrl: string): Promise<Action["claims"]> {
  const { person, agent } = await registered(api, setupUrl);
  const laptop = new Workstation(api);
  await laptop.signIn(person);
  const task = await laptop.openTask(AGENT);
  const chain = { human: person.humanId, device: laptop.device, agent, task: task.id };
  return {
    ok: true,
    chain: chain as Extract<Action["claims"], { ok: true }>["chain"],
    jkt: task.key.jkt,
    agentProof: "declared",
  };
}

/** One read of one of a thousand files, with the arguments that a real call has. */
function callOf(number: number): Call {
  const path = `/srv/notes/2026/report-${String(number % 1000)}.md`;
  return {
    upstream: "notes",
    method: "tools/call",
    tool: "read_note",
    toolDefinitionHash: PIN,
    action: "mcp:notes/read_note",
    resource: `file:${path}`,
    effect: "read",
    arguments: { path, head: 100 },
  };
}

const EFFECTOR: Effector<null> = {
  prepare: async () =>
    await Promise.resolve({
      ok: true,
      write: async () => await Promise.resolve({ ok: true, status: "ok", value: null, bytes: ANSWER }),
      cancel: () => undefined,
    }),
};

async function act(point: EnforcementPoint, claims: Action["claims"], number: number): Promise<void> {
  let refused: string | null = "nothing";
  const releaser: Releaser<null> = {
    partial: () => undefined,
    answer: () => {
      refused = null;
    },
    refusal: (refusal) => {
      refused = `${refusal.code}: ${refusal.reason}`;
    },
  };
  await point.enforce({ claims, call: callOf(number), signal: new AbortController().signal }, EFFECTOR, releaser);
  if (refused !== null) throw new Error(`the action was refused (${refused})`);
}
