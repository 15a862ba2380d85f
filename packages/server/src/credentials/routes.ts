import { z } from "zod";
import { type Route, callerName, route } from "../http/index.ts";
import type { Authority } from "./authority.ts";
import type { Identities } from "./identities.ts";
import type { Joins } from "./joins.ts";
import { pointName } from "./names.ts";

const readers = ["cookie", "session", "local"] as const;
const admin = { callers: readers, roles: ["admin"] } as const;

export interface CredentialModules {
  readonly authority: Authority;
  readonly joins: Joins;
  readonly identities: Identities;
}

/** Points on other machines. Joining widens nothing, so it needs no signature; that a point gets secrets does. */
export function credentialRoutes({ authority, joins, identities }: CredentialModules): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/trust-bundle",
      // Whoever holds a join token knows its hash; to anybody else it says nothing.
      callers: ["anyone"],
      handle: async () => await Promise.resolve({ body: authority.pem, type: "application/x-pem-file" }),
    }),
    route({
      method: "GET",
      url: "/v1/points",
      callers: readers,
      handle: async () => ({ body: { points: await identities.list() } }),
    }),
    route({
      method: "POST",
      url: "/v1/points/tokens",
      ...admin,
      body: z.strictObject({ name: pointName }),
      handle: async ({ body, caller }) => ({ status: 201, body: await joins.create(body.name, callerName(caller)) }),
    }),
    route({
      method: "POST",
      url: "/v1/points/:id/remove",
      ...admin,
      handle: async ({ params, caller }) => ({ body: await identities.remove(params["id"] ?? "", callerName(caller)) }),
    }),
    route({
      method: "POST",
      url: "/v1/points/:id/trust",
      ...admin,
      handle: async ({ params }) => ({ status: 202, body: await identities.trust(params["id"] ?? "") }),
    }),
  ];
}
