import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { answerChat, readChat } from "./model-wire/chat-completions.ts";
import { answerGemini, readGemini } from "./model-wire/gemini.ts";
import { answerResponses, readResponses } from "./model-wire/responses.ts";
import type { ModelStep, Turn } from "./model-wire/turn.ts";

/** What the model does in one conversation: its steps in order, each after the result of the one before. */
export type Script = readonly ModelStep[];

/**
 * A model of a script instead of weights, on loopback, in the three wire forms that coding agents speak (OpenAI Responses, Chat Completions,
 * Gemini): it calls the tools that it is told to call and keeps what came back. Everything else about the agent is real.
 */
export class ScriptedModel {
  /** What the agent's tools answered, in order, as the model was told. */
  readonly results: string[] = [];
  /** Names of the tools that the agent offered last. */
  offered: readonly string[] = [];
  private readonly script: Script;
  private readonly server: Server;

  private constructor(script: Script) {
    this.script = script;
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(script: Script): Promise<ScriptedModel> {
    const model = new ScriptedModel(script);
    model.server.listen(0, "127.0.0.1");
    await once(model.server, "listening");
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
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
  private next({ tools, results }: Turn): ModelStep & { readonly tool?: Turn["tools"][number] } {
    if (tools.length === 0) return { say: "fine" };
    this.offered = tools.map(({ name }) => name);
    this.results.splice(0, this.results.length, ...results);
    const step = this.script[results.length] ?? { say: "done" };
    if (!("call" in step)) return step;
    const tool = tools.find(({ name }) => step.call.test(name));
    if (tool === undefined) return { say: `no tool fits ${String(step.call)} among ${this.offered.join(" ")}` };
    return { ...step, tool };
  }
}
