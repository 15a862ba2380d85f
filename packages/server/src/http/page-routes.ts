import type { Named } from "@countersign/api";
import { AppError } from "@countersign/core";
import { type Approvals, humanName } from "../approvals/index.ts";
import { isLocalName } from "../config/index.ts";
import { type Kernel, settingsOf } from "../kernel.ts";
import {
  type ApprovalPageView,
  type NextStep,
  assets,
  renderApproval,
  renderInvite,
  renderSetup,
  renderSignIn,
} from "../pages/index.ts";
import type { Registration } from "../people/index.ts";
import { type Caller, type Response, type Route, route } from "./route.ts";

interface Modules {
  readonly kernel: Kernel;
  readonly approvals: Approvals;
  readonly registration: Registration;
  /** What the first person is probably called; empty when nobody knows. */
  readonly suggestedName: string;
}

/** What a new installation lacks once its first human is there. */
const FIRST_STEPS: readonly NextStep[] = [
  { text: "Connect your agent, on its machine: one page, one signature", command: "countersign connect" },
];

const page = (body: string): Response => ({ type: "text/html; charset=utf-8", body });
/** Whoever comes with a browser: what they see depends on whether they are signed in. */
const browser = ["anyone", "cookie"] as const;

export function pageRoutes(modules: Modules): readonly Route[] {
  const { kernel, registration, suggestedName } = modules;
  return [
    route({
      method: "GET",
      url: "/setup",
      callers: browser,
      handle: async ({ query }) => {
        const token = query["token"] ?? "";
        const open = await registration.isOpen({ setupToken: token });
        const remedy = { text: "Stop the server and start it again for a new link", command: "countersign up" };
        const view = { token, remedy, name: open ? suggestedName : "", next: FIRST_STEPS };
        return page(renderSetup({ state: open ? "open" : "closed", ...view }));
      },
    }),
    route({
      method: "GET",
      url: "/invite",
      callers: browser,
      handle: async ({ query }) => {
        const token = query["token"] ?? "";
        const roles = await registration.invitedRoles(token);
        const remedy = { text: "Ask an administrator for a new invitation", command: "countersign human invite" };
        return page(renderInvite({ state: roles === null ? "closed" : "open", token, roles: roles ?? [], remedy }));
      },
    }),
    route({
      method: "GET",
      url: "/sign-in",
      callers: browser,
      handle: async ({ query, caller }) =>
        page(
          renderSignIn({
            next: query["next"] ?? null,
            signedIn: await who(kernel, caller),
            phoneUrl: await onPhone(kernel, "/"),
          }),
        ),
    }),
    route({
      method: "GET",
      url: "/approve/:id",
      callers: browser,
      handle: async ({ params, caller }) =>
        page(renderApproval(await approvalPage(modules, params["id"] ?? "", caller))),
    }),
    ...assetRoutes(),
  ];
}

function assetRoutes(): readonly Route[] {
  return [...assets].map(([url, asset]) =>
    route({
      method: "GET",
      url,
      callers: browser,
      handle: async () =>
        await Promise.resolve({
          type: asset.contentType,
          body: asset.body,
          headers: { "cache-control": asset.cacheControl },
        }),
    }),
  );
}

/** An address where a phone reaches it; null when only this machine does. */
async function onPhone(kernel: Kernel, path: string): Promise<string | null> {
  const { publicUrl } = await settingsOf(kernel);
  return isLocalName(new URL(publicUrl).hostname) ? null : new URL(path, publicUrl).href;
}

async function who(kernel: Kernel, caller: Caller): Promise<Named | null> {
  return caller.kind === "human" ? await humanName(kernel, caller.session.terms.human) : null;
}

async function approvalPage({ kernel, approvals }: Modules, id: string, caller: Caller): Promise<ApprovalPageView> {
  const signedIn = await who(kernel, caller);
  const now = new Date(kernel.now()).toISOString();
  const phoneUrl = await onPhone(kernel, `/approve/${id}`);
  const none = { id, now, signedIn, approval: null, mayAnswer: false, approver: "", outcome: null, phoneUrl };
  const known = await approvals.get(id);
  if (caller.kind !== "human" || known === null) return none;
  const standing = await approvals.standing(id, caller.human);
  try {
    return { ...none, approval: await approvals.view(id, caller.human, caller.via === "cookie"), ...standing };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // What it was about cannot be shown any more: how it ended still can.
    const ended = { state: approvals.stateOf(known), action: known.terms.action };
    if (ended.state !== "pending") return { ...none, ...standing, ended };
    return error.code === "approval.changed" ? { ...none, changed: error.detail ?? "" } : none;
  }
}
