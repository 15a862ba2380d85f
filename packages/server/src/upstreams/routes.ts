import { z } from "zod";
import { type Route, callerName, route } from "../http/index.ts";
import { parseUpstream } from "../config/index.ts";
import type { NewUpstream, Upstreams } from "./upstreams.ts";

const anyCaller = ["cookie", "session", "local"] as const;
const values = z.record(z.string().max(128), z.string().min(1).max(16_384));
const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be a base64url SHA-256");

interface PutBody {
  readonly name: string;
  readonly terms: Record<string, unknown>;
  readonly pins?: Record<string, string> | undefined;
  readonly secrets?: SecretsBody | undefined;
}
interface SecretsBody {
  readonly env?: Record<string, string> | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly bearer?: string | undefined;
  readonly password?: string | undefined;
}
const secretsBody: z.ZodType<SecretsBody> = z.strictObject({
  env: values.optional(),
  headers: values.optional(),
  bearer: z.string().min(1).max(16_384).optional(),
  password: z.string().min(1).max(1024).optional(),
});
const putBody: z.ZodType<PutBody> = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  terms: z.record(z.string(), z.unknown()),
  pins: z.record(z.string().min(1).max(128), digest).optional(),
  secrets: secretsBody.optional(),
});

/** A body that asks for an upstream, as what it asks for. @throws AppError `config.invalid`, `config.secret_literal` from `toUpstream` */
export const wantedUpstream: {
  readonly body: z.ZodType<PutBody>;
  readonly read: (body: PutBody) => NewUpstream;
} = {
  body: putBody,
  read: ({ name, terms, pins, secrets }) => ({ id: name, terms: parseUpstream(name, terms), pins, secrets }),
};

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
      handle: async ({ body }) => ({ status: 202, body: await upstreams.register(wantedUpstream.read(body)) }),
    }),
    route({
      method: "POST",
      url: "/v1/upstreams/:name/secrets",
      callers: anyCaller,
      body: secretsBody.refine((body) => Object.keys(body).length > 0, "names no secret"),
      handle: async ({ params, body }) => ({
        status: 202,
        body: await upstreams.replaceSecrets(params["name"] ?? "", body),
      }),
    }),
    route({
      method: "DELETE",
      url: "/v1/upstreams/:name",
      callers: anyCaller,
      handle: async ({ params, caller }) => {
        await upstreams.remove(params["name"] ?? "", callerName(caller));
        return { body: { name: params["name"], status: "removed" } };
      },
    }),
  ];
}
