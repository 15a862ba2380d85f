import { approvalOptionsBody, assertionBody } from "@countersign/api";
import { AppError, type StateRecord } from "@countersign/core";
import { z } from "zod";
import { type Caller, type Route, callerName, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Approvals } from "./approvals.ts";

const readers = ["cookie", "session", "local"] as const;
const signers = ["cookie", "session"] as const;
const states = z.enum(["pending", "approved", "denied", "expired", "consumed", "void"]).optional();

export function approvalRoutes(kernel: Kernel, approvals: Approvals): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/approvals",
      callers: readers,
      handle: async ({ caller, query }) => {
        const state = states.safeParse(query["state"]);
        if (!state.success) throw new AppError("request.invalid", { detail: "`state` is not one of the known states" });
        return { body: { approvals: await approvals.list(state.data, await viewer(kernel, caller)) } };
      },
    }),
    route({
      method: "GET",
      url: "/v1/approvals/:id",
      callers: readers,
      handle: async ({ caller, params }) => ({
        body: await approvals.view(params["id"] ?? "", await viewer(kernel, caller), isPage(caller)),
      }),
    }),
    route({
      method: "POST",
      url: "/v1/approvals/:id/options",
      callers: signers,
      body: approvalOptionsBody,
      handle: async ({ caller, params, body }) => ({
        body: await approvals.options(params["id"] ?? "", { approver: signer(caller), onPage: isPage(caller) }, body),
      }),
    }),
    route({
      method: "POST",
      url: "/v1/approvals/:id/assertion",
      callers: signers,
      body: assertionBody,
      handle: async ({ caller, params, body }) => ({
        body: await approvals.answer(params["id"] ?? "", signer(caller), body),
      }),
    }),
    route({
      method: "POST",
      url: "/v1/approvals/:id/deny",
      callers: readers,
      body: z.strictObject({ reason: z.string().max(500).default("") }),
      handle: async ({ caller, params, body }) => {
        await approvals.deny(params["id"] ?? "", callerName(caller), body.reason);
        return { body: { state: "denied" } };
      },
    }),
  ];
}

function signer(caller: Caller): StateRecord<"human"> {
  if (caller.kind !== "human") throw new AppError("request.unauthenticated");
  return caller.human;
}

/** Whoever runs as the person reads what they may read, but shows them nothing: only a browser is in front of a person. */
function isPage(caller: Caller): boolean {
  return caller.kind === "human" && caller.via === "cookie";
}

/** The control socket sees approvals as the first human does. */
async function viewer(kernel: Kernel, caller: Caller): Promise<StateRecord<"human">> {
  if (caller.kind === "human") return caller.human;
  const root = await kernel.store.get("root", "root");
  const human = root === null ? null : await kernel.store.get("human", root.terms.human);
  if (human === null)
    throw new AppError("request.not_found", { detail: "nobody is registered yet; open the set-up link" });
  return human;
}
