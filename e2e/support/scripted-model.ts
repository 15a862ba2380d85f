import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { EventEmitter, once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { answerChat, readChat } from "./model-wire/chat-completions.ts";
import { answerGemini, readGemini } from "./model-wire/gemini.ts";
import { answerResponses, readResponses } from "./model-wire/responses.ts";
import type { Answer, OfferedTool, Turn } from "./model-wire/turn.ts";

type Args = Readonly<Record<string, unknown>>;
/** One step: a call of the first tool whose name (behind that of its group, if it has one) fits, with arguments that may follow from the results so far. */
export interface Step {
  readonly call: RegExp;
  readonly args: (results: readonly string[], tool: OfferedTool) => Args;
}
/** What the model does in one conversation: its steps in order, each after the result of the one before; then it ends. */
export type Script = readonly Step[];

/**
 * A model of a script instead of weights, on loopback, in the three wire forms that coding agents speak (OpenAI Responses, Chat Completions,
 * Gemini): it calls the tools that it is told to call and keeps what came back. Everything else about the agent is real.
 */
export class ScriptedModel {
  /** What the agent's tools answered, in order, as the model was told. */
  readonly results: string[] = [];
  /** Names of the tools that the agent offered last. */
  offered: readonly string[] = [];
  private script: Script = [];
  private readonly server: Server;
  private readonly heard = new EventEmitter();

  private constructor() {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(): Promise<ScriptedModel> {
    const model = new ScriptedModel();
    model.server.listen(0, "127.0.0.1");
    await once(model.server, "listening");
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** The script of the next conversation. */
  play(...script: Script): void {
    this.script = script;
    this.results.length = 0;
  }

  /** The first result that fits, as soon as the model is told. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = this.results.map((result) => pattern.exec(result)).find((match) => match !== null);
      if (found !== undefined) return found;
      await once(this.heard, "results");
    }
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const path = request.url ?? "";
    if (path.includes("/responses")) answerResponses(response, this.next(readResponses(body)));
    else if (path.includes("/chat/completions")) answerChat(response, this.next(readChat(body)));
    else if (path.includes("enerateContent")) answerGemini(response, path, this.next(readGemini(body)));
    else
      response
        .setHeader("content-type", "application/json")
        .end(`{"data":[{"id":"mock","object":"model"}],"models":[]}`);
  }

  /** A turn without tools is the agent's own housekeeping (a title, a summary): a word is enough. */
  private next({ tools, results }: Turn): Answer {
    if (tools.length === 0) return { say: "fine" };
    this.offered = tools.map(({ name }) => name);
    this.results.splice(0, this.results.length, ...results);
    this.heard.emit("results");
    const step = this.script[results.length];
    if (step === undefined) return { say: results.at(-1) ?? "done" };
    const tool = tools.find(({ namespace = "", name }) => step.call.test(`${namespace}/${name}`));
    if (tool === undefined) return { say: `no tool fits ${String(step.call)} among ${this.offered.join(" ")}` };
    return { tool, args: step.args(results, tool) };
  }
}
