import type { JsonObject, TaskId } from "@countersign/core";
import type { ClientRequest } from "./client-message.ts";
import { type ClientOffer, offerOf } from "./client-offer.ts";
import { unknownUpstream } from "./form-call.ts";
import { type GatewayContext, activeUpstream, isLive, stopOver } from "./gateway-context.ts";
import { listMember, listOffers } from "./list-offers.ts";
import { listKnownTools, listTools } from "./list-tools.ts";
import {
  LEGACY_VERSIONS,
  META,
  MODERN_VERSION,
  OWN_IDENTITY,
  RPC,
  SERVED_CAPABILITIES,
  isLegacyVersion,
  type Era,
} from "./protocol.ts";
import { tellRefusedMethod, unrecorded } from "./refusal-answer.ts";
import type { Reply } from "./reply.ts";
import type { Session } from "./sessions.ts";
import { isLogLevel } from "./upstream/listener.ts";

/** A request of a known caller that is no action. */
export interface MethodRequest {
  readonly upstream: string;
  readonly task: TaskId;
  readonly message: ClientRequest;
  /** The session of the 2025 era that it belongs to. */
  readonly session: Session | null;
  readonly offer: ClientOffer;
  readonly reply: Reply;
  /** Sets a header of the response, before it is written. */
  readonly setHeader: (name: string, value: string) => void;
}

const INSTRUCTIONS =
  "Calls pass Countersign. A result that begins with HELD was not carried out: a human was asked; call countersign_wait with its approval. " +
  "A result that begins with DENIED says why: do not look for another way to do the same.";

type Method = (context: GatewayContext, request: MethodRequest) => Promise<void> | void;
const METHODS: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
  legacy: new Map<string, Method>([
    ["initialize", initialize],
    ["ping", (_, { reply }) => answer(reply, {})],
    ["tools/list", list],
    ["resources/list", list],
    ["resources/templates/list", list],
    ["prompts/list", list],
    ["logging/setLevel", setLevel],
    ["resources/unsubscribe", unsubscribe],
  ]),
  modern: new Map<string, Method>([
    ["server/discover", discover],
    ["tools/list", list],
    ["resources/list", list],
    ["resources/templates/list", list],
    ["prompts/list", list],
  ]),
};

const LEASE_REASON = "this gateway does not reach its control plane now; try again later";

/** Answers a request that is no action; a method that is not served is refused by its name. */
export async function answerMethod(context: GatewayContext, request: MethodRequest): Promise<void> {
  const { upstream, task, message, reply } = request;
  if (activeUpstream(context, upstream) === null)
    return tellRefusedMethod(reply, unrecorded(unknownUpstream(upstream)));
  const method = METHODS[message.era].get(message.method);
  if (method === undefined) {
    const error = {
      code: RPC.methodNotFound,
      message: `\`${message.method.slice(0, 100)}\` is not served by this gateway`,
    };
    return reply.error(error, message.era === "modern" ? 404 : 200);
  }
  if (!isLive(context, task)) {
    // Without a lease nobody knows: the task may live on.
    if (!context.point.lease.valid())
      return tellRefusedMethod(reply, unrecorded({ step: "lease", code: "lease.lost", reason: LEASE_REASON }));
    const reason = "the task of this credential has ended; open a new one";
    return tellRefusedMethod(reply, unrecorded({ step: "task", code: "task.ended", reason }));
  }
  await method(context, request);
}

function initialize(context: GatewayContext, { upstream, task, message, reply, setHeader }: MethodRequest): void {
  const asked = message.params["protocolVersion"];
  const version = isLegacyVersion(asked) ? asked : LEGACY_VERSIONS[0];
  const session = context.sessions.open({ task, upstream, version, offer: offerOf(message.params["capabilities"]) });
  if (session === null)
    return reply.error({ code: RPC.server, message: "the gateway has too many sessions; try again later" }, 503);
  setHeader("mcp-session-id", session.id);
  answer(reply, {
    protocolVersion: version,
    capabilities: SERVED_CAPABILITIES,
    serverInfo: OWN_IDENTITY,
    instructions: INSTRUCTIONS,
  });
}

function discover(_: GatewayContext, { reply }: MethodRequest): void {
  answer(
    reply,
    modern({ supportedVersions: [MODERN_VERSION], capabilities: SERVED_CAPABILITIES, instructions: INSTRUCTIONS }),
  );
}

async function list(context: GatewayContext, request: MethodRequest): Promise<void> {
  const { upstream, task, message, offer, reply } = request;
  const record = activeUpstream(context, upstream);
  if (record === null) return tellRefusedMethod(reply, unrecorded(unknownUpstream(upstream)));
  if (message.params["cursor"] !== undefined) {
    return reply.error({ code: RPC.invalidParams, message: "there is no such page: all is on the first" });
  }
  const member = listMember(message.method);
  const answered = (items: readonly JsonObject[]): void => {
    const result = { [member ?? "tools"]: items };
    answer(reply, message.era === "modern" ? modern(result) : result);
  };
  // INV-3: during a stop the upstream is asked for nothing. The client comes up all the same, and its calls are told of the stop.
  if (stopOver(context, task, upstream) !== null)
    return answered(member === null ? listKnownTools(context, { task, record, era: message.era }) : []);
  const options = { task, offer, record, era: message.era };
  const listed = await (member === null ? listTools(context, options) : listOffers(context, message.method, options));
  if (!listed.ok) return tellRefusedMethod(reply, unrecorded(listed.refused));
  answered(listed.items);
}

/** The level is kept here, for each client; an upstream hears of it with the next call. */
function setLevel(_: GatewayContext, { message, session, reply }: MethodRequest): void {
  const { level } = message.params;
  if (!isLogLevel(level)) return reply.error({ code: RPC.invalidParams, message: "there is no such level of logs" });
  if (session !== null) session.logLevel = level;
  answer(reply, {});
}

/** Ends the action that `resources/subscribe` began; its outcome is recorded then. */
function unsubscribe(context: GatewayContext, { task, message, session, reply }: MethodRequest): void {
  const { uri } = message.params;
  if (typeof uri !== "string") return reply.error({ code: RPC.invalidParams, message: "`uri` is not a text" });
  context.subscriptions.end({ task, session: session?.id ?? "", uri });
  answer(reply, {});
}

/** What each result of 2026-07-28 carries; nothing of ours may be cached: rights change at any moment. */
function modern(result: JsonObject): JsonObject {
  const meta: JsonObject = { [META.serverInfo]: { ...OWN_IDENTITY } };
  return { ...result, resultType: "complete", ttlMs: 0, cacheScope: "private", _meta: meta };
}

function answer(reply: Reply, result: JsonObject): void {
  reply.result([Buffer.from(JSON.stringify(result), "utf8")]);
}
