import { z } from "zod";
import { agentName, grants } from "../agents/index.ts";
import { type Route, route } from "../http/index.ts";
import { deviceRequestBody } from "../people/index.ts";
import { wantedUpstream } from "../upstreams/index.ts";
import type { Clients } from "./clients.ts";

const connectBody = z.strictObject({
  client: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  label: z.string().trim().min(1).max(64),
  session: deviceRequestBody.optional(),
  upstreams: z.array(wantedUpstream.body).max(32),
  agent: z.strictObject({
    name: agentName,
    purpose: z.string().trim().min(1).max(2000),
    grants,
    expiresAt: z.iso.datetime({ offset: true }),
  }),
});

export function clientRoutes(clients: Clients): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/clients",
      callers: ["anyone", "session"],
      body: connectBody,
      handle: async ({ body, caller }) => {
        const upstreams = body.upstreams.map((one) => {
          const { id, terms, pins = {}, secrets } = wantedUpstream.read(one);
          return { id, terms, pins, secrets };
        });
        const ask = { ...body, session: body.session ?? null, upstreams };
        const proposed = await clients.connect(ask, caller.kind === "human" ? caller.human : null);
        return proposed === null ? { body: { approvalId: null } } : { status: 202, body: proposed };
      },
    }),
  ];
}
