import type { Named } from "@countersign/api";
import { AppError } from "@countersign/core";
import { type Approvals, humanName } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
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
}

const page = (body: string): Response => ({ type: "text/html; charset=utf-8", body });
/** Whoever comes with a browser: what they see depends on whether they are signed in. */
const browser = ["anyone", "cookie"] as const;

export function pageRoutes(modules: Modules): readonly Route[] {
  const { kernel, registration } = modules;
  return [
    route({
      method: "GET",
      url: "/setup",
      callers: browser,
      handle: async ({ query }) => {
        const token = query["token"] ?? "";
        const open = await registration.isOpen({ setupToken: token });
        const remedy = { text: "Stop the server and start it again for a new link", command: "countersign up" };
        return page(renderSetup({ state: open ? "open" : "closed", token, remedy, next: await nextSteps(kernel) }));
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
        page(renderSignIn({ next: query["next"] ?? null, signedIn: await who(kernel, caller) })),
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

async function who(kernel: Kernel, caller: Caller): Promise<Named | null> {
  return caller.kind === "human" ? await humanName(kernel, caller.session.terms.human) : null;
}

async function approvalPage({ kernel, approvals }: Modules, id: string, caller: Caller): Promise<ApprovalPageView> {
  const signedIn = await who(kernel, caller);
  const now = new Date(kernel.now()).toISOString();
  const none = { id, now, signedIn, approval: null, mayAnswer: false, approver: "", outcome: null };
  const known = await approvals.get(id);
  if (caller.kind !== "human" || known === null) return none;
  const standing = await approvals.standing(id, caller.human);
  try {
    return { ...none, approval: await approvals.view(id, caller.human), ...standing };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // What it was about cannot be shown any more: how it ended still can.
    const ended = { state: approvals.stateOf(known), action: known.terms.action };
    return ended.state === "pending" ? none : { ...none, ...standing, ended };
  }
}

/** What a new installation lacks, in the order in which it is needed. */
async function nextSteps(kernel: Kernel): Promise<readonly NextStep[]> {
  const { store } = kernel;
  const steps: NextStep[] = [];
  if ((await store.find("device", { status: "active" })).length === 0) {
    steps.push({ text: "Sign in on this machine and enrol it", command: "countersign login" });
  }
  const upstream = (await store.find("upstream", { status: "active" }))[0]?.id ?? "files";
  if ((await store.find("agent", { status: "active" })).length === 0) {
    const grant = `'mcp:${upstream}/*@**'`;
    steps.push({
      text: "Register an agent",
      command: `countersign agent create NAME --owner me --purpose TEXT --grant ${grant} --expires 30d`,
    });
    steps.push({
      text: "Give your client this command as its MCP server",
      command: `countersign mcp ${upstream} --agent NAME`,
    });
  }
  return steps;
}
