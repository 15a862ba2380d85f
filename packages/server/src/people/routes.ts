import { type HumanView, assertionResponse } from "@countersign/api";
import { AppError, type AssertionJson, type DeviceId, isId } from "@countersign/core";
import { z } from "zod";
import { type Approvals, humanName } from "../approvals/index.ts";
import { type Route, callerName, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { LIST_QUERY, listed } from "../listing.ts";
import type { Registration } from "./registration.ts";
import { COOKIE, type DeviceRequest, type Sessions } from "./sessions.ts";

interface Modules {
  readonly kernel: Kernel;
  readonly registration: Registration;
  readonly sessions: Sessions;
  readonly approvals: Approvals;
}

const text = (most: number): z.ZodString => z.string().min(1).max(most);
const token = z.string().max(200).optional();
const humanNameText = z.string().trim().min(1).max(100);
const registrationOptionsBody = z.strictObject({ setupToken: token, inviteToken: token, name: humanNameText });
const registrationBody = z.strictObject({
  setupToken: token,
  inviteToken: token,
  name: humanNameText.optional(),
  response: z.record(z.string(), z.unknown()),
});
const deviceId = z.custom<DeviceId>((value) => isId("dev", value), "must be a device id");
/** A device that asks for a session, with the proofs of both keys. */
export const deviceRequestBody: z.ZodType<DeviceRequest> = z.strictObject({
  device: deviceId,
  deviceName: text(200),
  deviceProof: text(4096),
  sessionProof: text(4096),
  evidence: text(16_384),
});
const anyone = ["anyone"] as const;
const readers = ["cookie", "session", "local"] as const;

export function peopleRoutes({ kernel, registration, sessions, approvals }: Modules): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/webauthn/registration/options",
      callers: anyone,
      body: registrationOptionsBody,
      handle: async ({ body }) => ({ body: await registration.options(body, body.name) }),
    }),
    route({
      method: "POST",
      url: "/v1/webauthn/registration",
      callers: anyone,
      body: registrationBody,
      handle: async ({ body }) => {
        const { cookie, ...registered } = await registration.register(body, body.response);
        return { status: 201, body: registered, ...(cookie === null ? {} : { headers: { "set-cookie": cookie } }) };
      },
    }),
    route({
      method: "POST",
      url: "/v1/session/options",
      callers: anyone,
      handle: async () => ({ body: await sessions.signInOptions() }),
    }),
    route({
      method: "POST",
      url: "/v1/session",
      callers: anyone,
      body: z.strictObject({ response: assertionResponse }),
      handle: async ({ body }) => {
        const { humanId, cookie } = await sessions.signIn(body.response as unknown as AssertionJson);
        return { body: { humanId }, headers: { "set-cookie": cookie } };
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/session",
      callers: ["cookie", "session"],
      handle: async ({ caller }) => {
        if (caller.kind === "human") await sessions.end(caller.session);
        return { status: 204, headers: { "set-cookie": `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0` } };
      },
    }),
    route({
      method: "GET",
      url: "/v1/me",
      callers: ["cookie", "session"],
      handle: async ({ caller }) => {
        if (caller.kind !== "human") throw new AppError("request.unauthenticated");
        const { human, session } = caller;
        const name = (await humanName(kernel, session.terms.human))?.name;
        return {
          body: {
            human: { id: human.id, name, roles: human.terms.roles },
            device: session.terms.device,
            expiresAt: session.terms.expiresAt,
          },
        };
      },
    }),
    route({
      method: "POST",
      url: "/v1/session/requests",
      callers: anyone,
      body: deviceRequestBody,
      handle: async ({ body }) => ({ status: 201, body: await sessions.request(approvals, body) }),
    }),
    route({
      method: "GET",
      url: "/v1/session/requests/:id",
      callers: anyone,
      handle: async ({ params, headers }) => ({
        body: await sessions.poll(approvals, params["id"] ?? "", String(headers["session-proof"] ?? "")),
      }),
    }),
    route({
      method: "GET",
      url: "/v1/humans",
      callers: readers,
      query: z.object(LIST_QUERY),
      handle: async ({ query }) => {
        const { records, next } = await listed(kernel, "human", { where: {}, query });
        const shown = records.map(async ({ id, terms: { name, roles }, state: { status } }): Promise<HumanView> => ({
          id,
          name: await kernel.keys.openText(name),
          roles,
          status,
        }));
        return { body: { humans: await Promise.all(shown), next } };
      },
    }),
    route({
      method: "POST",
      url: "/v1/humans/invites",
      callers: readers,
      roles: ["admin"],
      body: z.strictObject({
        roles: z
          .array(z.enum(["admin", "auditor"]))
          .max(2)
          .default([]),
      }),
      handle: async ({ body, caller }) => ({
        status: 201,
        body: await registration.invite(body.roles, callerName(caller)),
      }),
    }),
  ];
}
