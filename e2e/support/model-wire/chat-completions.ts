import type { ServerResponse } from "node:http";
import { type Answer, type Turn, stream } from "./turn.ts";

interface Body {
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly messages?: readonly { readonly role: string; readonly content?: unknown }[];
}

/** OpenAI Chat Completions, as opencode speaks it. */
export function readChat(body: string): Turn {
  const { tools = [], messages = [] } = JSON.parse(body) as Body;
  const done = messages.filter(({ role }) => role === "tool");
  return {
    tools: tools.map((tool) => ({ name: tool.function.name })),
    results: done.map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content))),
  };
}

let calls = 0;
export function answerChat(response: ServerResponse, answer: Answer): void {
  const base = { id: "x", object: "chat.completion.chunk", created: 1, model: "mock" };
  const calling = "tool" in answer;
  const delta = calling ? deltaOf(answer) : { role: "assistant", content: answer.say };
  const end = { index: 0, delta: {}, finish_reason: calling ? "tool_calls" : "stop" };
  stream(response, [
    { ...base, choices: [{ index: 0, delta, finish_reason: null }] },
    { ...base, choices: [end], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
    "[DONE]",
  ]);
}

function deltaOf({ tool, args }: Extract<Answer, { readonly tool: unknown }>): Record<string, unknown> {
  calls += 1;
  const call = { name: tool.name, arguments: JSON.stringify(args) };
  return { role: "assistant", tool_calls: [{ index: 0, id: `c${String(calls)}`, type: "function", function: call }] };
}
