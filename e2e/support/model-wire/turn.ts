import type { ServerResponse } from "node:http";

export interface OfferedTool {
  readonly name: string;
  /** OpenAI's Responses groups tools of an MCP server under a name. */
  readonly namespace?: string;
}

/** What an agent sends its model: the tools on offer and what the calls so far came to. */
export interface Turn {
  readonly tools: readonly OfferedTool[];
  readonly results: readonly string[];
}

/** What the model answers: a last word, or the call of a tool. */
export type Answer =
  | { readonly say: string }
  | { readonly tool: OfferedTool; readonly args: Readonly<Record<string, unknown>> };

export function stream(
  response: ServerResponse,
  events: readonly (string | Readonly<Record<string, unknown>>)[],
): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    const named = typeof event === "object" && typeof event["type"] === "string" ? `event: ${event["type"]}\n` : "";
    response.write(`${named}data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
  }
  response.end();
}
