import type { ServerResponse } from "node:http";
import { type Answer, type Turn, stream } from "./turn.ts";

interface Part {
  readonly functionResponse?: { readonly response?: unknown };
}
interface Body {
  readonly tools?: readonly { readonly functionDeclarations?: readonly { readonly name: string }[] }[];
  readonly contents?: readonly { readonly parts?: readonly Part[] }[];
}

/** Gemini's generateContent, as Gemini CLI speaks it. */
export function readGemini(body: string): Turn {
  const { tools = [], contents = [] } = JSON.parse(body) as Body;
  const parts = contents.flatMap((content) => content.parts ?? []);
  const done = parts.flatMap(({ functionResponse }) => (functionResponse === undefined ? [] : [functionResponse]));
  return {
    tools: tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations.map(({ name }) => ({ name }))),
    results: done.map(({ response }) => JSON.stringify(response)),
  };
}

export function answerGemini(response: ServerResponse, path: string, answer: Answer): void {
  const part =
    "tool" in answer ? { functionCall: { name: answer.tool.name, args: answer.args } } : { text: answer.say };
  const whole = {
    candidates: [{ content: { role: "model", parts: [part] }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    modelVersion: "mock",
  };
  if (path.includes("stream")) return stream(response, [whole]);
  response.setHeader("content-type", "application/json").end(JSON.stringify(whole));
}
