import { BRAKE_SCOPES, type BrakeId } from "@countersign/core";
import { z } from "zod";
import { type Route, callerName, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { LIST_QUERY } from "../listing.ts";
import { brakePage } from "./brake-view.ts";
import type { Brakes } from "./brakes.ts";

const anyCaller = ["cookie", "session", "local"] as const;
const stopBody = z.strictObject({
  kind: z.enum(["freeze", "sever"]),
  scope: z.strictObject({ type: z.enum(BRAKE_SCOPES), value: z.string().max(1024).default("*") }),
  reason: z.string().min(1).max(500),
  wait: z.boolean().default(true),
});

export function brakeRoutes(kernel: Kernel, brakes: Brakes): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/brakes",
      callers: anyCaller,
      body: stopBody,
      handle: async ({ body, caller }) => {
        const { id, receipt } = await brakes.begin({ ...body, by: callerName(caller) });
        if (!body.wait) return { status: 202, body: { id, state: "stopping" } };
        return { body: await receipt };
      },
    }),
    route({
      method: "GET",
      url: "/v1/brakes",
      callers: anyCaller,
      query: z.object({ ...LIST_QUERY, state: z.enum(["active", "all"]).default("active") }),
      handle: async ({ query }) => ({ body: await brakePage(kernel, brakes, query) }),
    }),
    route({
      method: "GET",
      url: "/v1/brakes/preview",
      callers: anyCaller,
      query: z.object({ type: z.enum(BRAKE_SCOPES), value: z.string().max(1024).default("*") }),
      handle: async ({ query }) => ({ body: await brakes.preview(query) }),
    }),
    route({
      method: "GET",
      url: "/v1/brakes/:id",
      callers: anyCaller,
      handle: async ({ params }) => ({ body: await brakes.state(params["id"] as BrakeId) }),
    }),
    route({
      method: "POST",
      url: "/v1/brakes/:id/thaw",
      callers: anyCaller,
      handle: async ({ params }) => ({ status: 202, body: await brakes.thaw(params["id"] as BrakeId) }),
    }),
  ];
}
