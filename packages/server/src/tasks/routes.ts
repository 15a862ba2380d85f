import { AppError, type TaskId } from "@countersign/core";
import { z } from "zod";
import { grants } from "../agents/index.ts";
import { type Caller, type Request, type Response, type Route, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { type OpenTask, type Tasks, chainOf } from "./tasks.ts";

const readers = ["cookie", "session", "local"] as const;
const keyProof = z.string().min(1).max(4096);
const runtime = z.strictObject({
  executable: z.string().max(4096),
  sha256: z.string().regex(/^[A-Za-z0-9_=+/-]{32,88}$/),
  pid: z.number().int(),
  uid: z.number().int(),
});
const openBody: z.ZodType<OpenTask> = z.strictObject({
  agent: z.string().min(1).max(64),
  purpose: z.string().min(1).max(2000),
  grants: grants.optional(),
  ttlSeconds: z.number().int().min(1).max(28_800).optional(),
  idleSeconds: z.number().int().min(1).max(28_800).optional(),
  keyProof: keyProof.optional(),
  runtime: runtime.optional(),
});

export function taskRoutes(kernel: Kernel, tasks: Tasks): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/tasks",
      callers: readers,
      handle: async () => ({ body: { tasks: await tasks.list() } }),
    }),
    route({
      method: "GET",
      url: "/v1/tasks/:id",
      callers: readers,
      handle: async ({ params }) => {
        const task = await kernel.store.get("task", params["id"] as TaskId);
        if (task === null) throw new AppError("request.not_found", { detail: "there is no such task" });
        return { body: await tasks.show(task) };
      },
    }),
    route({
      method: "POST",
      url: "/v1/tasks",
      callers: ["anyone"],
      body: openBody,
      handle: async (request) => await open(kernel, tasks, request),
    }),
    route({
      method: "POST",
      url: "/v1/tasks/:id/token",
      callers: ["anyone"],
      body: z.strictObject({ keyProof, runtime: runtime.optional() }),
      handle: async ({ params, body, caller }) => {
        const token = await tasks.credential(params["id"] as TaskId, body, sessionOf(caller));
        return { body: { ...token, gateway: kernel.gatewayUrl() } };
      },
    }),
    route({
      method: "POST",
      url: "/v1/tasks/:id/end",
      callers: ["anyone"],
      body: z.strictObject({ keyProof: keyProof.optional() }),
      handle: async ({ params, body, caller }) => {
        const id = params["id"] as TaskId;
        // A key of the task may end it: its credential is asked for first, so a stranger's proof is refused.
        if (caller.kind === "anyone") await tasks.credential(id, { keyProof: body.keyProof ?? "" }, null);
        await tasks.end(id, caller.kind === "anyone" ? "client ended" : "ended");
        return { body: { id, status: "ended" } };
      },
    }),
  ];
}

/** Only a human's session on an enrolled device opens a task: the answer to all others is the link of the chain that is missing. */
async function open(kernel: Kernel, tasks: Tasks, { caller, body }: Request<OpenTask>): Promise<Response> {
  const session = sessionOf(caller);
  if (session === null)
    throw new AppError("task.no_human", { detail: "nobody is signed in on this device; run `countersign login`" });
  const { task, token } = await tasks.open(session, body);
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
      gateway: kernel.gatewayUrl(),
      ...(token === null ? {} : { token }),
    },
  };
}

function sessionOf(caller: Caller): Extract<Caller, { kind: "human" }>["session"] | null {
  return caller.kind === "human" && caller.via === "session" ? caller.session : null;
}
