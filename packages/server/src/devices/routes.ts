import { AppError } from "@countersign/core";
import { z } from "zod";
import { type Route, route } from "../http/index.ts";
import type { Devices } from "./devices.ts";

export function deviceRoutes(devices: Devices): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/devices",
      callers: ["cookie", "session", "local"],
      handle: async () => ({ body: { devices: await devices.list() } }),
    }),
    route({
      method: "POST",
      url: "/v1/devices/posture",
      callers: ["session"],
      body: z.strictObject({ evidence: z.string().min(1).max(16_384) }),
      handle: async ({ caller, body }) => {
        if (caller.kind !== "human" || caller.session.terms.device === null) throw new AppError("device.unknown");
        await devices.report(caller.session.terms.device, body.evidence);
        return { status: 204 };
      },
    }),
  ];
}
