import { AppError, type Call, problemOf } from "@countersign/core";
import type { Claims, RefusedCall, Releaser } from "@countersign/enforce";
import type { ClientRequest } from "./client-message.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { mirroredParams, paramMismatch } from "./param-headers.ts";
import { RPC } from "./protocol.ts";
import { challengeHeaders, refusalProblem, tellRefusedCall, tellRefusedMethod } from "./refusal-answer.ts";
import type { Reply } from "./reply.ts";
import { requestedCall, taskOf } from "./requested-call.ts";
import { type ToolAnswer, ToolEffector } from "./tool-effector.ts";
import { traceContextOf } from "./trace-context.ts";
import type { Progress } from "./upstream/upstream-link.ts";
import { WAIT_TOOL } from "./wait-tool.ts";

/** One request that is an action, with what is known of its sender. */
export interface ActionRequest {
  readonly upstream: string;
  readonly message: ClientRequest;
  readonly claims: Claims;
  readonly session: string;
  readonly reply: Reply;
  readonly header: (name: string) => string | undefined;
  /** Aborted when the client's connection closes. */
  readonly gone: AbortSignal;
  /** What keeps the request from being a call at all; it is recorded and refused for that. */
  readonly fault: RefusedCall | null;
}

/** Takes one action through the enforcement point and tells the client what came of it. Never rejects. */
export async function runAction(context: GatewayContext, request: ActionRequest): Promise<void> {
  const { claims, session, message, reply, gone } = request;
  const task = taskOf(claims);
  const key = { task: task ?? "-", session, id: message.id };
  const controller = context.inFlight.begin(key);
  if (controller === null) return tooMany(reply);
  const abort = (): void => controller.abort();
  if (gone.aborted) abort();
  else gone.addEventListener("abort", abort, { once: true });
  const token = progressToken(message);
  const effector = new ToolEffector(context, {
    task,
    wantsProgress: token !== null,
    trace: traceContextOf(message.meta),
  });
  try {
    const { upstream } = request;
    const formed =
      request.fault === null
        ? await requestedCall(context, { upstream, params: message.params, claims })
        : { call: request.fault };
    if (headersDisagree(context, request, formed.call)) return;
    await context.point.enforce(
      { claims, signal: controller.signal, ...formed },
      effector,
      releaserOf(context, request, { token, resource: formed.call.resource }),
    );
  } catch (error) {
    context.log.error({ err: error }, "action failed");
    reply.error({ code: RPC.internal, message: "the gateway failed; look before you try again" }, 500);
  } finally {
    effector.dispose();
    gone.removeEventListener("abort", abort);
    context.inFlight.end(key, controller);
    // Whoever was not answered had cancelled.
    reply.end();
  }
}

function progressToken({ meta }: ClientRequest): string | number | null {
  const token = meta["progressToken"];
  return typeof token === "string" || typeof token === "number" ? token : null;
}

/** MCP 2026-07-28: arguments that a tool wants in headers must say there what they say in the body. */
function headersDisagree(
  context: GatewayContext,
  { message, header, reply }: ActionRequest,
  call: Call | RefusedCall,
): boolean {
  if (
    message.era !== "modern" ||
    "refused" in call ||
    call.toolDefinitionHash === null ||
    message.params["name"] === WAIT_TOOL
  )
    return false;
  const definition = context.definitions.get(call.tool, call.toolDefinitionHash);
  const wrong = paramMismatch(mirroredParams(definition?.definition["inputSchema"]), call.arguments, header);
  if (wrong === null) return false;
  reply.error({ code: RPC.headerMismatch, message: `the header ${wrong} does not say what the arguments say` }, 400);
  return true;
}

function releaserOf(
  context: GatewayContext,
  { reply, message, claims }: ActionRequest,
  { token, resource }: { readonly token: string | number | null; readonly resource: string | null },
): Releaser<ToolAnswer> {
  return {
    partial: (partial) => {
      if (token === null) return;
      const params = { progressToken: token, ...(partial as Progress) };
      reply.notification(JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params }));
    },
    answer: (value) => {
      if ("error" in value) reply.error(value.error);
      else reply.result(value.result.pieces(reply.era));
      if (claims.ok) context.unread.add({ chain: claims.chain, resource, reply });
    },
    refusal: (refusal, detail) => {
      if (refusal.step === "credential") {
        const headers = challengeHeaders(context.authenticator.nonce(), refusal.code, false);
        reply.problem(401, refusalProblem(refusal), headers);
      } else if (message.method === "tools/call" && refusal.code !== "upstream.unknown")
        tellRefusedCall(reply, refusal, detail);
      else tellRefusedMethod(reply, refusal);
    },
  };
}

function tooMany(reply: Reply): void {
  const error = new AppError("request.too_many", { detail: "too many calls are under way; wait for some to end" });
  reply.problem(429, problemOf(error), { "retry-after": "1" });
}
