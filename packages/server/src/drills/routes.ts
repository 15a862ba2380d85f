import type { BrakeId } from "@countersign/core";
import { z } from "zod";
import { type Route, route } from "../http/index.ts";
import type { Drills } from "./drills.ts";

const callers = ["cookie", "session", "local"] as const;

export function drillRoutes(drills: Drills): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/drills",
      callers,
      body: z.strictObject({
        brake: z.string().max(40),
        /** Points at which the canary tried to act after the stop. */
        tried: z.array(z.string().max(40)).max(2000).default([]),
      }),
      handle: async ({ body }) => ({ status: 201, body: await drills.conclude(body.brake as BrakeId, body.tried) }),
    }),
    route({
      method: "GET",
      url: "/v1/drills/last",
      callers,
      handle: async () => ({ body: { drill: await drills.last() } }),
    }),
  ];
}
