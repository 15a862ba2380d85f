import { type Call, type StateRecord, type TaskId, canonicalJson } from "@countersign/core";
import type { Effector, Prepared, RefusedCall, UpstreamAnswer } from "@countersign/enforce";
import { changed, unknownUpstream } from "./form-call.ts";
import { type GatewayContext, activeUpstream } from "./gateway-context.ts";
import { mirroredParams, paramHeaders } from "./param-headers.ts";
import { RPC } from "./protocol.ts";
import { type ToolDefinition, acceptedHash } from "./tool-definition.ts";
import { type ToolResult, readToolResult } from "./tool-result.ts";
import type { TraceContext } from "./trace-context.ts";
import type { Connection } from "./upstream/connection.ts";
import type { LinkAnswer, PreparedRequest } from "./upstream/upstream-link.ts";

/** What an upstream said to a call: its result, or an error of the protocol. */
export type ToolAnswer =
  | { readonly result: ToolResult }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

export interface EffectorOptions {
  readonly task: TaskId | null;
  /** The client wants to hear of progress. */
  readonly wantsProgress: boolean;
  readonly trace: TraceContext;
}

type Refused = RefusedCall["refused"];
type Usable =
  | { readonly ok: true; readonly connection: Connection; readonly tool: ToolDefinition }
  | { readonly ok: false; readonly refused: Refused };

/** Carries one call to its upstream. */
export class ToolEffector implements Effector<ToolAnswer> {
  readonly #context: GatewayContext;
  readonly #options: EffectorOptions;
  #unsent: Extract<PreparedRequest, { ok: true }> | null = null;

  constructor(context: GatewayContext, options: EffectorOptions) {
    this.#context = context;
    this.#options = options;
  }

  async prepare(call: Call, signal: AbortSignal): Promise<Prepared<ToolAnswer>> {
    const { task, wantsProgress, trace } = this.#options;
    const record = activeUpstream(this.#context, call.upstream);
    if (record === null || task === null) return failed(unknownUpstream(call.upstream));
    const usable = await usableTool(this.#context, { task, record, tool: call.tool });
    if (!usable.ok) return failed(usable.refused);
    const { connection, tool } = usable;
    if (tool.hash !== call.toolDefinitionHash) return failed(changed(call.tool));
    const { revision } = connection;
    const members = [`"name":${JSON.stringify(call.tool)}`, `"arguments":${canonicalJson(call.arguments)}`];
    const meta = { ...trace, ...(wantsProgress ? { progressToken: true } : {}) };
    const headers =
      connection.era === "modern" ? paramHeaders(mirroredParams(tool.definition["inputSchema"]), call.arguments) : {};
    const parts = { method: "tools/call", members, name: call.tool, meta, headers };
    const prepared = await connection.link.prepare(parts, { timeoutMs: this.#context.limits.callMs, signal });
    if (!prepared.ok) return prepared;
    this.#unsent = prepared;
    return {
      ok: true,
      write: (onPartial) => {
        this.#unsent = null;
        if (connection.revision !== revision) return giveUp(prepared);
        return prepared.write(onPartial).then(answerOf);
      },
      cancel: prepared.cancel,
    };
  }

  /** Gives back what was prepared and not used. */
  dispose(): void {
    this.#unsent?.cancel("not sent");
    this.#unsent = null;
  }
}

/** The connection of a task, and on it the tool as it was accepted. */
export async function usableTool(
  context: GatewayContext,
  { task, record, tool }: { readonly task: TaskId; readonly record: StateRecord<"upstream">; readonly tool: string },
): Promise<Usable> {
  const connected = await context.connections.acquire(task, record);
  if (!connected.ok)
    return { ok: false, refused: { step: "upstream", code: connected.code, reason: connected.reason } };
  const { connection } = connected;
  const read = await connection.tools();
  if (!read.ok) return { ok: false, refused: { step: "upstream", code: read.code, reason: read.reason } };
  context.definitions.note(read.tools.values());
  const found = read.tools.get(tool);
  if (found === undefined) {
    return {
      ok: false,
      refused: { step: "tool", code: "tool.unknown", reason: `the upstream has no tool \`${tool}\` any more` },
    };
  }
  return acceptedHash(record.terms, tool) === found.hash
    ? { ok: true, connection, tool: found }
    : { ok: false, refused: changed(tool) };
}

function failed({ code, reason }: Refused): Prepared<ToolAnswer> {
  return { ok: false, code, reason };
}

function giveUp(prepared: { readonly cancel: (reason: string) => void }): Promise<UpstreamAnswer<ToolAnswer>> {
  prepared.cancel("not sent");
  const reason = "the upstream changed its tools while the call was on its way, so the call was not sent";
  return Promise.resolve({ ok: false, code: "upstream.garbage", reason });
}

function answerOf(answer: LinkAnswer): UpstreamAnswer<ToolAnswer> {
  if (!answer.ok) return answer;
  if ("error" in answer) {
    const { code, message, data } = answer.error;
    // The code of our own refusals is ours: an upstream that uses it is not speaking for us.
    const error =
      code === RPC.refused ? { code: RPC.server, message } : { code, message, ...(data === undefined ? {} : { data }) };
    return { ok: true, status: "error", value: { error }, bytes: Buffer.from(JSON.stringify(answer.error), "utf8") };
  }
  const read = readToolResult(answer.result);
  if (!read.ok) return { ok: false, code: "upstream.garbage", reason: read.reason };
  return {
    ok: true,
    status: read.result.isError ? "error" : "ok",
    value: { result: read.result },
    bytes: answer.result,
  };
}
