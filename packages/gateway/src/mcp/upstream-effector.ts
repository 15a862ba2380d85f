import { type Call, type UpstreamRecord, type TaskId, canonicalJson } from "@countersign/core";
import type { Effector, Exchange, Prepared, RefusedCall, UpstreamAnswer } from "@countersign/enforce";
import { type ActionResult, readActionResult } from "./action-result.ts";
import type { ClientOffer } from "./client-offer.ts";
import type { ClientPartial } from "./client-partial.ts";
import type { Conversation } from "./conversation.ts";
import { changed, unknownUpstream } from "./form-call.ts";
import { type GatewayContext, activeUpstream } from "./gateway-context.ts";
import { mirroredParams, paramHeaders } from "./param-headers.ts";
import { META, RPC } from "./protocol.ts";
import { addressesIn } from "./question.ts";
import { Questions, ownOriginOf } from "./questions.ts";
import { type ToolDefinition, acceptedHash } from "./tool-definition.ts";
import type { TraceContext } from "./trace-context.ts";
import type { Connection } from "./upstream/connection.ts";
import { LOG_LEVELS, type Listener, type LogLevel, type Notice } from "./upstream/listener.ts";
import type { RequestParts } from "./upstream/outgoing.ts";
import type { LinkAnswer, PreparedRequest } from "./upstream/upstream-link.ts";

/** What an upstream said to a call: its result, or an error of the protocol. */
export type UpstreamSaid =
  | { readonly result: ActionResult }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

export interface EffectorOptions {
  readonly task: TaskId | null;
  readonly offer: ClientOffer;
  /** The client wants to hear of progress. */
  readonly wantsProgress: boolean;
  /** From which level on the client wants to hear logs, and whether it said so itself; null: not at all. */
  readonly logs: { readonly level: LogLevel; readonly asked: boolean } | null;
  readonly trace: TraceContext;
  readonly conversation: Conversation;
}

type Refused = RefusedCall["refused"];
type Usable =
  | { readonly ok: true; readonly connection: Connection; readonly tool: ToolDefinition | null }
  | { readonly ok: false; readonly refused: Refused };
type Ready = Extract<PreparedRequest, { ok: true }>;
type Parts = Omit<RequestParts, "id">;
type Said = UpstreamAnswer<UpstreamSaid>;

/** How often an upstream may ask before it answers, and how much it may tell. */
const MAX_ROUNDS = 16;
const MAX_NOTICES = 10_000;
/** What is kept of an answer until its client comes back. */
const UNATTENDED_BYTES = 1024 * 1024;

/** Carries one action to its upstream: the request, the questions that come back before the answer, the answer. */
export class UpstreamEffector implements Effector<UpstreamSaid> {
  readonly #context: GatewayContext;
  readonly #options: EffectorOptions;
  readonly #over = new AbortController();
  #current: Ready | null = null;
  #written = false;
  #notices = 0;

  constructor(context: GatewayContext, options: EffectorOptions) {
    this.#context = context;
    this.#options = options;
  }

  async prepare(call: Call, signal: AbortSignal): Promise<Prepared<UpstreamSaid>> {
    const { task, offer, logs } = this.#options;
    const record = activeUpstream(this.#context, call.upstream);
    if (record === null || task === null) return failed(unknownUpstream(call.upstream));
    const usable = await usableFor(this.#context, { task, offer, record, call });
    if (!usable.ok) return failed(usable.refused);
    const { connection, tool } = usable;
    if ((tool?.hash ?? null) !== call.toolDefinitionHash) return failed(changed(call.tool));
    if (logs?.asked === true) await connection.logFrom(logs.level);
    const { revision } = connection;
    const parts = this.#parts(call, usable);
    const { callMs } = this.#context.limits;
    const prepared = await connection.link.prepare(parts, { timeoutMs: callMs, signal });
    if (!prepared.ok) return prepared;
    this.#current = prepared;
    const exchanges: Exchange[] = [];
    return {
      ok: true,
      write: (onPartial, permitted) => {
        this.#written = true;
        if (tool !== null && connection.revision !== revision) return giveUp(prepared);
        const sending = { call, connection, parts, onPartial, permitted, exchanges };
        return this.#converse(prepared, sending);
      },
      cancel: (reason) => {
        this.#over.abort();
        this.#current?.cancel(reason);
      },
      exchanged: () => exchanges,
    };
  }

  /** Gives back what was prepared and not used, and what still waits. */
  dispose(): void {
    this.#over.abort();
    if (!this.#written) this.#current?.cancel("not sent");
    this.#current = null;
  }

  #parts(call: Call, { connection, tool }: Extract<Usable, { ok: true }>): Parts {
    const { wantsProgress, trace, logs, offer } = this.#options;
    const modern = connection.era === "modern";
    const meta = {
      ...trace,
      ...(wantsProgress ? { progressToken: true } : {}),
      ...(modern && logs !== null ? { [META.logLevel]: logs.level } : {}),
    };
    const { method, arguments: args } = call;
    const common = { method, meta, ...(modern ? { capabilities: offer.capabilities } : {}) };
    if (tool === null) {
      const { name, uri } = args;
      const members = Object.entries(args).map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`);
      const named = method === "prompts/get" ? name : method === "resources/read" ? uri : undefined;
      return { ...common, members, ...(typeof named === "string" ? { name: named } : {}) };
    }
    const members = [`"name":${JSON.stringify(call.tool)}`, `"arguments":${canonicalJson(args)}`];
    const headers = modern ? paramHeaders(mirroredParams(tool.definition["inputSchema"]), args) : {};
    return { ...common, members, name: call.tool, headers };
  }

  /** The first bytes leave before this returns its promise. */
  async #converse(first: Ready, sending: Sending): Promise<Said> {
    const { call, parts, onPartial, permitted, connection, exchanges } = sending;
    const { conversation, offer } = this.#options;
    const show = (): void => onPartial({ kind: "questions" } satisfies ClientPartial);
    const questions = new Questions(this.#context, {
      ...this.#options,
      call,
      exchanges,
      show,
      signal: this.#over.signal,
    });
    const listener: Listener = {
      notice: (notice) => this.#notice(notice, onPartial),
      ask: async (asked) => await questions.one(asked),
      permitted,
    };
    const ownOrigin = ownOriginOf(this.#context);
    const read = (came: LinkAnswer): ReturnType<typeof answerOf> => answerOf(came, call, ownOrigin);
    let answer = read(await first.write(listener));
    for (let round = 1; "input" in answer; round += 1) {
      if (round > MAX_ROUNDS) return garbage("the upstream does not stop asking");
      const members = await questions.all(answer.input);
      if (!members.ok) return garbage(members.reason);
      const more = { ...parts, members: [...parts.members, ...members.members], capabilities: offer.capabilities };
      const next = await connection.link.prepare(more, {
        timeoutMs: this.#context.limits.callMs,
        signal: this.#over.signal,
      });
      if (!next.ok) return next;
      this.#current = next;
      // INV-3: asked in the tick of the write.
      if (!permitted()) return giveUp(next);
      answer = read(await next.write(listener));
    }
    if (conversation.reply === null && answer.ok && (answer.bytes?.length ?? 0) > UNATTENDED_BYTES)
      return garbage("the upstream answered with too much while its question waited");
    await conversation.attended();
    return answer;
  }

  #notice(notice: Notice, onPartial: (partial: ClientPartial) => void): void {
    const { wantsProgress, logs } = this.#options;
    const level = LOG_LEVELS.indexOf(notice.params["level"] as LogLevel);
    const wanted =
      notice.method === "notifications/progress"
        ? wantsProgress
        : logs !== null && level >= LOG_LEVELS.indexOf(logs.level);
    if (!wanted || this.#notices >= MAX_NOTICES) return;
    this.#notices += 1;
    onPartial({ kind: "notice", notice });
  }
}

interface Sending {
  readonly call: Call;
  readonly connection: Connection;
  readonly parts: Parts;
  readonly onPartial: (partial: ClientPartial) => void;
  readonly permitted: () => boolean;
  readonly exchanges: Exchange[];
}

interface Wanted {
  readonly task: TaskId;
  readonly offer: ClientOffer;
  readonly record: UpstreamRecord<"mcp">;
  readonly call: Pick<Call, "method" | "tool">;
}

/** The connection of a task, and on it the tool as it was accepted; null for an action that is no tool. */
export async function usableFor(context: GatewayContext, { task, offer, record, call }: Wanted): Promise<Usable> {
  const connected = await context.connections.acquire(task, offer, record);
  if (!connected.ok)
    return { ok: false, refused: { step: "upstream", code: connected.code, reason: connected.reason } };
  const { connection } = connected;
  if (call.method !== "tools/call") return served(connection, call.method);
  const { tool } = call;
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

/** Capabilities without which an upstream serves no such method. */
const NEEDS: Readonly<Record<string, string>> = {
  "resources/read": "resources",
  "resources/subscribe": "resources",
  "prompts/get": "prompts",
};

function served(connection: Connection, method: string): Usable {
  const needed = NEEDS[method];
  if (needed === undefined || connection.capabilities[needed] !== undefined)
    return { ok: true, connection, tool: null };
  const reason = `the upstream serves no \`${method}\``;
  return { ok: false, refused: { step: "tool", code: "tool.unknown", reason } };
}

function failed({ code, reason }: Refused): Prepared<UpstreamSaid> {
  return { ok: false, code, reason };
}

function garbage(reason: string): Said {
  return { ok: false, code: "upstream.garbage", reason };
}

function giveUp(prepared: Ready): Promise<Said> {
  prepared.cancel("not sent");
  const reason =
    "the upstream changed its tools, or what permits the call, while it was on its way, so it was not sent";
  return Promise.resolve(garbage(reason));
}

/** Methods whose results say for how long they may be kept (2026-07-28, caching). */
const CACHED: ReadonlySet<string> = new Set(["resources/read"]);

function answerOf(
  answer: LinkAnswer,
  { method, upstream }: Call,
  ownOrigin: string,
): Said | { readonly input: InputOf } {
  if (!answer.ok) return answer;
  if ("error" in answer) {
    const { code, message, data } = answer.error;
    // The code of our own refusals is ours: an upstream that uses it is not speaking for us.
    const shown = code === RPC.urlNeeded ? addressesIn(data, upstream, ownOrigin) : data;
    const error =
      code === RPC.refused
        ? { code: RPC.server, message }
        : { code, message, ...(shown === undefined ? {} : { data: shown }) };
    return { ok: true, status: "error", value: { error }, bytes: Buffer.from(JSON.stringify(answer.error), "utf8") };
  }
  const read = readActionResult(answer.result, CACHED.has(method));
  if (!read.ok) return garbage(read.reason);
  if ("input" in read) return { input: read.input };
  const { result } = read;
  return { ok: true, status: result.isError ? "error" : "ok", value: { result }, bytes: answer.result };
}

type InputOf = Extract<ReturnType<typeof readActionResult>, { input: unknown }>["input"];
