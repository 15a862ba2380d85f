import { AppError, type JsonObject, type Refusal, codeRow, problemOf } from "@countersign/core";
import type { RefusalDetail } from "@countersign/enforce";
import type { GatewayContext } from "./gateway-context.ts";
import { META, RPC } from "./protocol.ts";
import { refusalText } from "./refusal-text.ts";
import type { Reply } from "./reply.ts";

/** Algorithms of proofs that are taken (RFC 9449 section 5.1). */
const ALGORITHMS = `algs="EdDSA ES256"`;

/** Headers of an answer 401 (RFC 9449 sections 7.1 and 8). `useNonce`: all but the nonce was good. */
export function challengeHeaders(nonce: string, why: Refusal["code"], useNonce: boolean): Record<string, string> {
  const invalid = `error="invalid_token", error_description="${codeRow(why).title}", `;
  const stale = `error="use_dpop_nonce", error_description="the proof needs the nonce of this point", `;
  const error = useNonce ? stale : why === "credential.missing" ? "" : invalid;
  return { "www-authenticate": `DPoP ${error}${ALGORITHMS}`, "dpop-nonce": nonce, "cache-control": "no-store" };
}

/** The problem document of a refusal (RFC 9457), with the members of `D`. */
export function refusalProblem(refusal: Refusal): object {
  return { ...problemOf(new AppError(refusal.code, { detail: refusal.reason })), ...refusal };
}

/** Tells a refused `tools/call`: in words and as `D` within a result, so that every agent can read it. */
export function tellRefusedCall(reply: Reply, refusal: Refusal, detail: RefusalDetail): void {
  const result: JsonObject = {
    isError: true,
    content: [{ type: "text", text: refusalText(refusal, detail) }],
    _meta: { [META.decision]: refusal as unknown as JsonObject },
    ...(reply.era === "modern" ? { resultType: "complete" } : {}),
  };
  reply.result([Buffer.from(JSON.stringify(result), "utf8")]);
}

/** Tells what the enforcement point refused. `asTool`: as the result of a tool, which every agent can read. */
export function tellRefusal(
  { authenticator }: Pick<GatewayContext, "authenticator">,
  { reply, asTool }: { readonly reply: Reply; readonly asTool: boolean },
  { refusal, detail }: { readonly refusal: Refusal; readonly detail: RefusalDetail },
): void {
  if (refusal.step === "credential") {
    const headers = challengeHeaders(authenticator.nonce(), refusal.code, false);
    reply.problem(401, refusalProblem(refusal), headers);
  } else if (asTool && refusal.code !== "upstream.unknown") tellRefusedCall(reply, refusal, detail);
  else if (refusal.decision === "hold") tellRefusedMethod(reply, refusal, refusalText(refusal, detail));
  else tellRefusedMethod(reply, refusal);
}

/** Tells any other refusal as an error of JSON-RPC; an upstream that there is not is also a 404 of HTTP. */
export function tellRefusedMethod(reply: Reply, refusal: Refusal, message: string = refusal.reason): void {
  const error = { code: RPC.refused, message, data: refusal };
  if (refusal.code !== "upstream.unknown") return reply.error(error);
  reply.problem(404, { ...refusalProblem(refusal), jsonrpc: "2.0", id: reply.id, error }, {});
}

/** A refusal that this gateway makes by itself and that no ledger entry stands for. */
export function unrecorded(refused: Pick<Refusal, "step" | "code" | "reason">): Refusal {
  return { decision: "deny", ...refused, policyIds: [], entry: null };
}
