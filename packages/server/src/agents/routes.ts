import { AppError, type Grant, type HumanId } from "@countersign/core";
import { z } from "zod";
import { limitsKey } from "../config/index.ts";
import { type Caller, type Route, callerName, route } from "../http/index.ts";
import { LIST_QUERY } from "../listing.ts";
import type { Agents } from "./agents.ts";

const anyCaller = ["cookie", "session", "local"] as const;
const pattern = z.string().min(1).max(1024);
export const grants: z.ZodType<Grant[]> = z
  .array(
    z
      .strictObject({ action: pattern, resource: pattern, limits: limitsKey.optional() })
      .transform(({ limits, ...grant }): Grant => (limits === undefined ? grant : { ...grant, limits })),
  )
  .min(1)
  .max(200);
export const agentName: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "use small letters, digits, `.`, `-` and `_`");
const createBody = z.strictObject({
  name: agentName,
  owner: z.string().max(64),
  purpose: z.string().min(1).max(2000),
  grants,
  expiresAt: z.iso.datetime({ offset: true }),
});
const reasonBody = z.strictObject({ reason: z.string().max(500).default("") });

export function agentRoutes(agents: Agents): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/agents",
      callers: anyCaller,
      query: z.object({ ...LIST_QUERY, status: z.string().max(20).optional(), owner: z.string().max(64).optional() }),
      handle: async ({ query: { status, owner, ...query } }) => ({
        body: await agents.list(query, {
          ...(status === undefined ? {} : { status }),
          ...(owner === undefined ? {} : { owner }),
        }),
      }),
    }),
    route({
      method: "GET",
      url: "/v1/agents/:id",
      callers: anyCaller,
      handle: async ({ params }) => ({ body: await agents.show(await agents.find(params["id"] ?? "")) }),
    }),
    route({
      method: "POST",
      url: "/v1/agents",
      callers: anyCaller,
      body: createBody,
      handle: async ({ body, caller }) => ({
        status: 202,
        body: await agents.create({ ...body, owner: ownerOf(body.owner, caller) }),
      }),
    }),
    ...(["suspend", "retire"] as const).map((act) =>
      route({
        method: "POST",
        url: `/v1/agents/:id/${act}`,
        callers: anyCaller,
        body: reasonBody,
        handle: async ({ params, caller }) => {
          const status = act === "suspend" ? "suspended" : "retired";
          const confirmed = await agents.stop(params["id"] ?? "", status, callerName(caller));
          return { body: { id: params["id"], status, ...confirmed } };
        },
      }),
    ),
    route({
      method: "POST",
      url: "/v1/agents/:id/reassign",
      callers: anyCaller,
      body: z.strictObject({ owner: z.string().max(64) }),
      handle: async ({ params, body, caller }) => ({
        status: 202,
        body: await agents.reassign(params["id"] ?? "", ownerOf(body.owner, caller)),
      }),
    }),
    route({
      method: "POST",
      url: "/v1/agents/:id/reinstate",
      callers: anyCaller,
      handle: async ({ params }) => ({ status: 202, body: await agents.reinstate(params["id"] ?? "") }),
    }),
  ];
}

function ownerOf(owner: string, caller: Caller): HumanId {
  if (owner !== "me") return owner as HumanId;
  if (caller.kind !== "human")
    throw new AppError("request.invalid", { detail: "`me` needs a signed-in session; name the owner by id" });
  return caller.human.id;
}
