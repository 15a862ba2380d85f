import { type ApprovalId, type Call, type JsonObject, isId, isJsonObject } from "@countersign/core";
import type { Claims, RefusedCall } from "@countersign/enforce";
import type { ActionResult } from "./action-result.ts";
import { toolAction } from "./form-call.ts";
import type { GatewayPoint } from "./gateway-context.ts";
import type { Era } from "./protocol.ts";

/** The tool by which an agent waits for a human, and then has just that call run. */
export const WAIT_TOOL = "countersign_wait";

export const WAIT_DEFINITION: JsonObject = {
  name: WAIT_TOOL,
  title: "Wait for a human",
  description:
    "Waits for the human who must countersign a held call, and runs exactly that call, once, when they do. " +
    "Call it with the approval named in a HELD result instead of trying another way.",
  inputSchema: {
    type: "object",
    properties: { approval: { type: "string", description: "The approval of the held call: apr_…" } },
    required: ["approval"],
  },
};

export interface WaitedCall {
  readonly call: Call | RefusedCall;
  readonly approval?: ApprovalId;
}

/** Finds the held call behind an approval of the caller's own task. Never rejects: silence of the control plane refuses. */
export async function waitedCall(
  params: JsonObject,
  claims: Claims,
  { upstream, point }: { readonly upstream: string; readonly point: Pick<GatewayPoint, "heldCall"> },
): Promise<WaitedCall> {
  const refuse = (refused: RefusedCall["refused"]): WaitedCall => ({
    call: { refused, action: toolAction(upstream, WAIT_TOOL), resource: `mcp:${upstream}` },
  });
  const args = params["arguments"];
  const approval = isJsonObject(args) ? args["approval"] : undefined;
  if (!isId("apr", approval)) {
    return refuse({
      step: "input",
      code: "input.invalid_json",
      reason: "`approval` is not the name of an approval (`apr_…`)",
    });
  }
  // Without a credential nothing is looked up; the refusal names the credential first.
  if (!claims.ok) return refuse({ step: "credential", code: claims.code, reason: claims.reason });
  try {
    const held = await point.heldCall(approval, claims.chain);
    if (held === null) {
      return refuse({
        step: "countersignature",
        code: "countersignature.void",
        reason: `this task has no held call \`${approval}\``,
      });
    }
    const { salt: _, ...call } = held;
    return { call, approval };
  } catch {
    return refuse({
      step: "ledger",
      code: "ledger.unavailable",
      reason: "the control plane does not answer, so nothing was done",
    });
  }
}

/** What a held read of a resource or a prompt brought, as the tool that waited for it can give it: its result as JSON text. */
export function asToolResult({ pieces }: ActionResult, era: Era): readonly Buffer[] {
  const text = Buffer.concat(pieces("legacy")).toString("utf8");
  const result = { content: [{ type: "text", text }], ...(era === "modern" ? { resultType: "complete" } : {}) };
  return [Buffer.from(JSON.stringify(result), "utf8")];
}
