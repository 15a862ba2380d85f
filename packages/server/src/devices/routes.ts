import { AppError, type DeviceId } from "@countersign/core";
import { z } from "zod";
import type { Brakes } from "../brakes/index.ts";
import { type Route, callerName, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { LIST_QUERY } from "../listing.ts";
import type { Devices } from "./devices.ts";
import { loseDevice } from "./lost.ts";

const evidenceBody = z.strictObject({ evidence: z.string().min(1).max(16_384) });

export interface DeviceModules {
  readonly kernel: Kernel;
  readonly devices: Devices;
  readonly brakes: Brakes;
}

export function deviceRoutes({ kernel, devices, brakes }: DeviceModules): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/devices/:id/lost",
      callers: ["cookie", "session", "local"],
      body: z.strictObject({ reason: z.string().min(1).max(500), wait: z.boolean().default(true) }),
      handle: async ({ params, body, caller }) => {
        const device = params["id"] as DeviceId;
        const { id, receipt } = await loseDevice(kernel, brakes, {
          device,
          reason: body.reason,
          by: callerName(caller),
        });
        if (!body.wait) return { status: 202, body: { id, state: "stopping" } };
        return { body: await receipt };
      },
    }),
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
