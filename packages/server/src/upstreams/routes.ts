import type { UpstreamTerms } from "@countersign/core";
import { z } from "zod";
import { type Route, route } from "../http/index.ts";
import { parseUpstream } from "../config/index.ts";
import type { Upstreams } from "./upstreams.ts";

const anyCaller = ["cookie", "session", "local"] as const;
const putBody = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  terms: z.record(z.string(), z.unknown()),
});

export function upstreamRoutes(upstreams: Upstreams): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/upstreams",
      callers: anyCaller,
      handle: async () => ({ body: { upstreams: await upstreams.list() } }),
    }),
    route({
      method: "POST",
      url: "/v1/upstreams",
      callers: anyCaller,
      body: putBody,
      handle: async ({ body }) => {
        const terms: UpstreamTerms = parseUpstream(body.name, body.terms);
        return { status: 202, body: await upstreams.register(body.name, terms) };
      },
    }),
  ];
}
