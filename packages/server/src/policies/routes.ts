import { z } from "zod";
import { type Route, route } from "../http/index.ts";
import type { Policies } from "./policies.ts";

const anyCaller = ["cookie", "session", "local"] as const;
const textBody = z.strictObject({ text: z.string().min(1).max(1_048_576) });

export function policyRoutes(policies: Policies): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/policies",
      callers: anyCaller,
      handle: async () => ({ body: { policies: await policies.list() } }),
    }),
    route({
      method: "POST",
      url: "/v1/policies/check",
      callers: anyCaller,
      body: textBody,
      handle: async ({ body }) => {
        const problems = await policies.check(body.text);
        return { body: { ok: problems.length === 0, problems } };
      },
    }),
    route({
      method: "POST",
      url: "/v1/policies",
      callers: anyCaller,
      body: textBody,
      handle: async ({ body }) => ({ status: 202, body: await policies.publish(body.text) }),
    }),
  ];
}
