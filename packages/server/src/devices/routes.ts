import { AppError, type DeviceId } from "@countersign/core";
import { z } from "zod";
import { type Route, route } from "../http/index.ts";
import { LIST_QUERY } from "../listing.ts";
import type { Devices } from "./devices.ts";

const evidenceBody = z.strictObject({ evidence: z.string().min(1).max(16_384) });

export function deviceRoutes(devices: Devices): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/devices",
      callers: ["cookie", "session", "local"],
      query: z.object(LIST_QUERY),
      handle: async ({ query }) => ({ body: await devices.list(query) }),
    }),
    route({
      method: "POST",
      url: "/v1/devices/:id/posture",
      // The report is signed by the device: that is what proves it, with a session or under a mandate.
      callers: ["anyone"],
      body: evidenceBody,
      handle: async ({ params, body }) => {
        await devices.report(params["id"] as DeviceId, body.evidence);
        return { status: 204 };
      },
    }),
    route({
      method: "POST",
      url: "/v1/devices/posture",
      callers: ["session"],
      body: evidenceBody,
      handle: async ({ caller, body }) => {
        if (caller.kind !== "human" || caller.session.terms.device === null) throw new AppError("device.unknown");
        await devices.report(caller.session.terms.device, body.evidence);
        return { status: 204 };
      },
    }),
  ];
}
