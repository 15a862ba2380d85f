import { AppError, type MandateId, type StateRecord, type TaskId, isId } from "@countersign/core";
import { z } from "zod";
import type { Activity } from "../activity/index.ts";
import { grants } from "../agents/index.ts";
import type { Devices } from "../devices/index.ts";
import { type Caller, type Request, type Response, type Route, route } from "../http/index.ts";
import { type Kernel, settingsOf } from "../kernel.ts";
import { LIST_QUERY } from "../listing.ts";
import type { Mandates } from "../mandates/index.ts";
import { type PostgresPlace, gatewaysOf, postgresOf } from "./gateways.ts";
import { type MandateProof, type Opening, byMandate, bySession } from "./opener.ts";
import { taskPage, taskView } from "./task-view.ts";
import type { OwnTasks } from "./own-task.ts";
import { type OpenTask, type Tasks, chainOf } from "./tasks.ts";

const readers = ["cookie", "session", "local"] as const;
const keyProof = z.string().min(1).max(4096);
const runtime = z.strictObject({
  executable: z.string().max(4096),
  sha256: z.string().regex(/^[A-Za-z0-9_=+/-]{32,88}$/),
  pid: z.number().int(),
  uid: z.number().int(),
});
/** Name or address. */
const gatewayName = z.string().min(1).max(2048);
const mandate: z.ZodType<MandateProof> = z.strictObject({
  mandate: z.custom<MandateId>((value) => isId("mdt", value), "not a mandate id"),
  deviceProof: keyProof,
  evidence: z.string().min(1).max(16_384),
});
interface OpenBody extends Omit<OpenTask, "agent"> {
  /** Absent: the caller works themselves. */
  readonly agent?: string | undefined;
  readonly under?: MandateProof | undefined;
}
const openBody: z.ZodType<OpenBody> = z.strictObject({
  agent: z.string().min(1).max(64).optional(),
  purpose: z.string().min(1).max(2000).optional(),
  grants: grants.optional(),
  ttlSeconds: z.number().int().min(1).max(28_800).optional(),
  idleSeconds: z.number().int().min(1).max(28_800).optional(),
  keyProof: keyProof.optional(),
  runtime: runtime.optional(),
  under: mandate.optional(),
  gateway: gatewayName.optional(),
});

export interface TaskModules {
  readonly kernel: Kernel;
  readonly tasks: Tasks;
  readonly ownTasks: OwnTasks;
  readonly activity: Activity;
  readonly mandates: Mandates;
  readonly devices: Devices;
}

export function taskRoutes(modules: TaskModules): readonly Route[] {
  const { kernel, tasks, activity } = modules;
  const sight = { kernel, activity };
  return [
    route({
      method: "GET",
      url: "/v1/tasks",
      callers: readers,
      query: z.object({ ...LIST_QUERY, status: z.string().max(20).optional(), agent: z.string().max(64).optional() }),
      handle: async ({ query: { status, agent, ...query } }) => ({
        body: await taskPage(sight, query, {
          ...(status === undefined ? {} : { status }),
          ...(agent === undefined ? {} : { agent }),
        }),
      }),
    }),
    route({
      method: "GET",
      url: "/v1/tasks/:id",
      callers: readers,
      handle: async ({ params }) => {
        const task = await kernel.store.get("task", params["id"] as TaskId);
        if (task === null) throw new AppError("request.not_found", { detail: "there is no such task" });
        return { body: await taskView(sight, task) };
      },
    }),
    route({
      method: "POST",
      url: "/v1/tasks",
      callers: ["anyone"],
      body: openBody,
      handle: async (request) => await open(modules, request),
    }),
    route({
      method: "POST",
      url: "/v1/tasks/:id/token",
      callers: ["anyone"],
      body: z.strictObject({ keyProof, runtime: runtime.optional(), gateway: gatewayName.optional() }),
      handle: async ({ params, body, caller }) => {
        const id = params["id"] as TaskId;
        const token = await tasks.credential(id, body, sessionOf(caller));
        return { body: { ...token, ...(await placesOf(kernel, await tasks.live(id), body.gateway)) } };
      },
    }),
    route({
      method: "POST",
      url: "/v1/tasks/:id/end",
      callers: ["anyone"],
      body: z.strictObject({ keyProof: keyProof.optional() }),
      handle: async ({ params, body, caller }) => {
        const id = params["id"] as TaskId;
        if (caller.kind === "anyone") await tasks.assertHolds(id, body.keyProof ?? "");
        const confirmed = await tasks.end(id, caller.kind === "anyone" ? "client ended" : "ended");
        return { body: { id, status: "ended", ...confirmed } };
      },
    }),
  ];
}

/** Only a human's session on an enrolled device opens a task, or a mandate: all others are told the link of the chain that is missing. */
async function open(
  modules: TaskModules,
  { caller, body: { under, agent: named, ...rest } }: Request<OpenBody>,
): Promise<Response> {
  const { kernel, tasks } = modules;
  if (named === undefined) return await proposeOwn(modules, caller, { under, ...rest });
  const ask = { ...rest, agent: named };
  const { task, token } = await tasks.open(await openingOf(modules, caller, { under, ...ask }), ask);
  const { human, device, agent } = chainOf(task);
  const { expiresAt } = task.terms;
  return {
    status: 201,
    body: {
      id: task.id,
      agent,
      human,
      device,
      expiresAt,
      ...(await placesOf(kernel, task, ask.gateway)),
      ...(token === null ? {} : { token }),
    },
  };
}

/** A person's own task waits for a signature: no agent's scope stands behind it. */
async function proposeOwn(modules: TaskModules, caller: Caller, { under, ...ask }: OpenBody): Promise<Response> {
  if (under !== undefined) throw new AppError("request.invalid", { detail: "a mandate is for an agent; name it" });
  return { status: 202, body: await modules.ownTasks.propose(sessionFor(caller), ask) };
}

/** Where the task's client goes with its credential. */
async function placesOf(
  kernel: Kernel,
  { terms: { grants: granted } }: StateRecord<"task">,
  asked: string | undefined,
): Promise<{ readonly gateway: string | null; readonly postgres: PostgresPlace | null }> {
  const gateway = (await gatewaysOf(kernel, asked)).addresses[0] ?? null;
  const { trustDomain } = await settingsOf(kernel);
  return { gateway, postgres: await postgresOf(kernel, { gateway, grants: granted, trustDomain }) };
}

async function openingOf(
  modules: TaskModules,
  caller: Caller,
  { under, agent, keyProof: proof }: OpenBody & { readonly agent: string },
): Promise<Opening> {
  if (under !== undefined) {
    const { jkt } = await modules.tasks.provenKey(proof ?? "", agent);
    return await byMandate(modules, under, jkt);
  }
  return bySession(sessionFor(caller));
}

function sessionFor(caller: Caller): Extract<Caller, { kind: "human" }>["session"] {
  const session = sessionOf(caller);
  if (session !== null) return session;
  throw new AppError("task.no_human", { detail: "nobody is signed in on this device; run `countersign login`" });
}

function sessionOf(caller: Caller): Extract<Caller, { kind: "human" }>["session"] | null {
  return caller.kind === "human" && caller.via === "session" ? caller.session : null;
}
