import type { IncomingMessage } from "node:http";
import { AppError, type Json, type JsonObject, isJsonObject, parseJson } from "@countersign/core";
import type { HookClient, HookEvent } from "@countersign/gateway";
import { readBody } from "../client/transport.ts";
import type { GatewayPost } from "../mcp/gateway-post.ts";
import { refusalOf, refusalWords } from "../mcp/local-refusal.ts";
import type { LiveTask, TaskLink } from "../mcp/task-link.ts";
import { purposeOf } from "./prompt-purpose.ts";

/** What the hook process is told. */
export interface HookReply {
  readonly decision: "permit" | "none" | "deny" | "hold";
  readonly text?: string;
}
type ToolUse = Extract<HookEvent, { kind: "before" }>["use"];
type SessionLink = Pick<TaskLink, "live" | "expired" | "ended" | "end">;
export interface ClientSessionOptions {
  readonly client: HookClient;
  /** Opens the session's task when it is first needed. `purpose`: what the person asked for, if that is known. */
  readonly link: (purpose: string | null) => SessionLink;
  readonly gateway: Pick<GatewayPost, "post">;
  readonly home: string;
  /** The client's MCP servers that go through Countersign, each with its upstream, as its configuration for this folder says now. `started`: the command behind a call, if it is told. */
  readonly servers: (cwd: string, started: Json | undefined) => Readonly<Record<string, string>>;
  /** The process of the client; null where it is not known. */
  readonly process: number | null;
}

const ANSWER_BYTES = 262_144;
/** A result that is larger is not told: of it only that it ended counts. */
const TOLD_BYTES = 524_288;
/** Members in which clients give the result of a tool. */
const RESULTS = ["tool_response", "tool_output", "result_json"];

/** One session of a client: one task, whose key never leaves this process. */
export class ClientSession {
  readonly process: number | null;
  readonly #options: ClientSessionOptions;
  #link: SessionLink | null = null;
  #purpose: string | null = null;

  constructor(options: ClientSessionOptions) {
    this.#options = options;
    this.process = options.process;
  }

  /** The first thing that a person asks for is the purpose of the session's task; a task keeps its purpose. */
  note(prompt: string): void {
    this.#purpose ??= purposeOf(prompt);
  }

  /** Asks the gateway about one use of a tool. INV-2: whatever goes wrong is a refusal, in words for the agent. Never rejects. */
  async ask(payload: JsonObject, use: ToolUse, signal: AbortSignal): Promise<HookReply> {
    this.#link ??= this.#options.link(this.#purpose);
    try {
      const servers = mayBeMcp(use) ? this.#options.servers(use.cwd, payload["command"]) : {};
      return await this.#ask(this.#link, { told: { payload, servers }, signal, again: true });
    } catch (error) {
      if (error instanceof AppError) return deny(refusalWords(refusalOf(error)));
      return deny("DENIED: the hook failed. Nothing was done. Ask your user to run `countersign status`.");
    }
  }

  /** Tells the gateway how a use ended; nobody waits for that. Without a task there is nothing to tell. Never rejects. */
  async tell(payload: JsonObject): Promise<void> {
    try {
      const link = await this.#link?.live(false);
      if (link?.ok !== true) return;
      const told = JSON.stringify(payload).length > TOLD_BYTES ? without(payload, RESULTS) : payload;
      (await this.#post(link.task, { payload: told }, AbortSignal.timeout(10_000))).resume();
    } catch {
      // What nobody told counts as not observed.
    }
  }

  /** Ends the session's task. Never rejects. */
  async end(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    await link?.end();
  }

  async #ask(link: SessionLink, asking: Asking): Promise<HookReply> {
    const live = await link.live(true);
    if (!live.ok) return deny(refusalWords(live.refusal));
    const answered = await this.#post(live.task, asking.told, asking.signal);
    const body = await bodyOf(answered);
    const code = codeIn(body);
    if (asking.again && (code === "credential.expired" || code === "task.ended")) {
      // The token or the task ran out by itself: a fresh one, once. A task that was stopped is not opened again.
      if (code === "task.ended") link.ended(live.task.id);
      else link.expired(live.task);
      return await this.#ask(link, { ...asking, again: false });
    }
    return answered.statusCode === 200 ? replyIn(body) : deny(problemWords(body));
  }

  async #post(task: LiveTask, told: JsonObject, signal: AbortSignal): Promise<IncomingMessage> {
    const { client, home, gateway } = this.#options;
    return await gateway.post(task, {
      path: `/hooks/${client}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...told, home }),
      signal,
    });
  }
}

/** What only MCP tools are called. */
function mayBeMcp({ mcp, name }: ToolUse): boolean {
  return mcp !== null || /_|mcp/i.test(name);
}

interface Asking {
  readonly told: JsonObject;
  readonly signal: AbortSignal;
  readonly again: boolean;
}

async function bodyOf(answered: IncomingMessage): Promise<JsonObject> {
  const parsed = parseJson(await readBody(answered, ANSWER_BYTES), { sizeBytes: ANSWER_BYTES, depth: 16 });
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
}

/** Of a verdict's refusal or of a problem document. */
function codeIn({ refusal, code }: JsonObject): Json | undefined {
  return isJsonObject(refusal) ? refusal["code"] : code;
}

function replyIn({ decision, text }: JsonObject): HookReply {
  if (decision === "permit" || decision === "none") return { decision };
  return deny(typeof text === "string" ? text : "DENIED: the gateway's answer was not understood. Nothing was done.");
}

function problemWords({ code, detail, title }: JsonObject): string {
  const reason = [detail, title].find((text) => typeof text === "string") ?? "the gateway refused";
  return `DENIED ${typeof code === "string" ? code : "internal.error"}: ${String(reason)}. Nothing was done. Tell your user.`;
}

function deny(text: string): HookReply {
  return { decision: "deny", text };
}

function without(payload: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => !members.includes(name)));
}
