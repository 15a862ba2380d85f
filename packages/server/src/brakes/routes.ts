import { BRAKE_SCOPES, type BrakeId, type StateRecord } from "@countersign/core";
import { z } from "zod";
import { type Route, callerName, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
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
      handle: async () => ({
        body: { brakes: await Promise.all((await brakes.list()).map(async (b) => await shown(kernel, b))) },
      }),
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

async function shown(kernel: Kernel, { id, terms, state }: StateRecord<"brake">): Promise<Record<string, unknown>> {
  const reason = typeof terms.reason === "string" ? terms.reason : await kernel.keys.openText(terms.reason);
  return { id, kind: terms.kind, scope: terms.scope, reason, by: terms.by, at: terms.at, state: state.status };
}
