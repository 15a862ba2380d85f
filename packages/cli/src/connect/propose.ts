import { AppError, type Grant, type JsonObject } from "@countersign/core";
import { digestOf, generateSigningKey } from "@countersign/credentials";
import { textAt } from "../client/fields.ts";
import { loadPending, savePending } from "../client/session-file.ts";
import { type SignInContext, deviceRequest, pollSignIn, resumeSignIn } from "../client/sign-in.ts";
import { type KnownServer, reachOf, secretsBody } from "../upstreams/known-server.ts";
import { type JudgedTool, judgedTerms } from "../upstreams/judge-tools.ts";

/** A server of a client, with the name and the terms under which it is guarded. */
export interface GuardedServer {
  readonly upstream: string;
  readonly server: KnownServer;
  readonly tools: readonly JudgedTool[];
}
/** Everything that one signature puts in force for a client. */
export interface ConnectAsk {
  readonly client: string;
  readonly label: string;
  readonly servers: readonly GuardedServer[];
  readonly agent: {
    readonly name: string;
    readonly purpose: string;
    readonly grants: readonly Grant[];
    readonly expiresAt: string;
  };
}
/** A page that waits for the signature. */
export interface WaitingPage {
  readonly approvalId: string;
  readonly url: string;
  readonly expiresAt: string;
  /** Thumbprint of the session key that the page must show; null when somebody is signed in already. */
  readonly sessionKey: string | null;
  /** False: there is no first human yet, whose passkey could sign. */
  readonly setUp: boolean;
}
const POLL_MS = 500;

/** Asks for the signature; null when everything is in force already. What was asked for before, and waits still, is not asked for twice. */
export async function proposeConnection(context: SignInContext, ask: ConnectAsk): Promise<WaitingPage | null> {
  const { client, cli } = context;
  const body = bodyOf(ask);
  if ((await client.session()) !== null || (await wasSigned(context))) {
    const answer = await client.json({ as: "session", path: "/v1/clients", body });
    if (answer["approvalId"] === null) return null;
    return { ...pageOf(answer), sessionKey: null, setUp: true };
  }
  const server = await client.server();
  const asks = digestOf(namesOnly(ask));
  const open = loadPending(server, cli.env, cli.now());
  if (open?.asks === asks) {
    const { approvalId, url, expiresAt } = open;
    return { approvalId, url, expiresAt, sessionKey: open.key.jkt, setUp: true };
  }
  const key = generateSigningKey();
  const session = await deviceRequest(context, key);
  const answer = await client.json({ as: "anyone", path: "/v1/clients", body: { ...body, session } });
  const page = pageOf(answer);
  savePending(server, { ...page, key, asks }, cli.env);
  return { ...page, sessionKey: key.jkt, setUp: answer["setUp"] !== false };
}

/** A page that was signed while nobody waited for it: then its session is taken up, and nothing is signed twice. */
async function wasSigned(context: SignInContext): Promise<boolean> {
  const resumed = await resumeSignIn(context);
  return resumed !== null && "session" in resumed;
}

/**
 * Waits until the page was answered.
 * @throws AppError `request.forbidden` when it was denied, `countersignature.…` when nobody answered in time
 */
export async function waitForSignature(context: SignInContext, page: WaitingPage): Promise<void> {
  const { cli } = context;
  const ends = Date.parse(page.expiresAt);
  while (cli.now() < ends && !cli.signal.aborted) {
    await cli.pause(POLL_MS);
    const state = await stateOf(context, page);
    if (state === "approved") return;
    if (state === "denied") throw new AppError("request.forbidden", { detail: "it was denied; nothing has changed" });
    if (state === "expired") break;
  }
  if (!cli.signal.aborted)
    throw new AppError("countersignature.expired", {
      detail: "nobody signed in time; nothing has changed: run it again",
    });
  throw new AppError("countersignature.required", {
    detail: `nobody signed yet; nothing has changed: sign on ${page.url} and run it again`,
  });
}

async function stateOf(
  context: SignInContext,
  page: WaitingPage,
): Promise<"pending" | "approved" | "denied" | "expired"> {
  const { client, cli } = context;
  if (page.sessionKey !== null) {
    const open = loadPending(await client.server(), cli.env, cli.now());
    if (open !== null && open.approvalId === page.approvalId) return (await pollSignIn(context, open)).state;
    // Another process of this person has taken the session up already.
    return (await client.session()) === null ? "expired" : "approved";
  }
  const { approvalId } = page;
  const state = textAt(await client.json({ as: "session", path: `/v1/approvals/${approvalId}` }), "state");
  if (state === "consumed") return "approved";
  return state === "pending" || state === "denied" ? state : "expired";
}

function pageOf(answer: JsonObject): Pick<WaitingPage, "approvalId" | "url" | "expiresAt"> {
  return {
    approvalId: textAt(answer, "approvalId"),
    url: textAt(answer, "url"),
    expiresAt: textAt(answer, "expiresAt"),
  };
}

function bodyOf({ client, label, servers, agent }: ConnectAsk): JsonObject {
  return {
    client,
    label,
    upstreams: servers.map(({ upstream, server, tools }) => {
      const { effects, resources, pins } = judgedTerms(tools);
      const terms = { ...reachOf(server), effects, resources };
      return { name: upstream, terms, pins, secrets: secretsBody(server.secrets) };
    }),
    agent: { ...agent, grants: agent.grants.map(({ action, resource }) => ({ action, resource })) },
  };
}

/** INV-9: what is kept to recognise the same question holds no secret, and no time. */
function namesOnly({ client, servers, agent: { name, purpose, grants } }: ConnectAsk): unknown {
  const named = servers.map(({ upstream, server, tools }) => {
    const { env, headers, bearer } = server.secrets;
    const secrets = { env: Object.keys(env), headers: Object.keys(headers), bearer: bearer !== null };
    return { upstream, reach: server.reach, plain: server.plain, tools, secrets };
  });
  return { client, servers: named, name, purpose, grants };
}
