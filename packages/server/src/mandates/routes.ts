import { AppError, type DeviceId, isId } from "@countersign/core";
import { z } from "zod";
import { grants } from "../agents/index.ts";
import { type Route, callerName, route } from "../http/index.ts";
import type { Mandates, NewMandate } from "./mandates.ts";

const readers = ["cookie", "session", "local"] as const;
const createBody: z.ZodType<NewMandate> = z.strictObject({
  agent: z.string().min(1).max(64),
  purpose: z.string().min(1).max(2000),
  grants: grants.optional(),
  trigger: z.string().min(1).max(200),
  tasksPerDay: z.number().int().min(1).max(1440),
  expiresAt: z.iso.datetime({ offset: true }),
  workload: z
    .strictObject({
      device: z.custom<DeviceId>((value) => isId("dev", value), "not a device id"),
      name: z.string().min(1).max(64),
      proof: z.string().min(1).max(4096),
    })
    .optional(),
});

export function mandateRoutes(mandates: Mandates): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/mandates",
      callers: readers,
      handle: async () => ({ body: { mandates: await mandates.list() } }),
    }),
    route({
      method: "GET",
      url: "/v1/mandates/:id",
      callers: readers,
      handle: async ({ params }) => ({ body: await mandates.show(await mandates.find(params["id"] ?? "")) }),
    }),
    route({
      method: "POST",
      url: "/v1/mandates",
      callers: ["session"],
      body: createBody,
      handle: async ({ caller, body }) => {
        if (caller.kind !== "human") throw new AppError("request.unauthenticated");
        return { status: 202, body: await mandates.create(body, caller.session) };
      },
    }),
    route({
      method: "POST",
      url: "/v1/mandates/:id/revoke",
      callers: readers,
      handle: async ({ caller, params }) => {
        const id = params["id"] ?? "";
        const confirmed = await mandates.revoke(id, callerName(caller));
        return { body: { id, status: "revoked", ...confirmed } };
      },
    }),
  ];
}
