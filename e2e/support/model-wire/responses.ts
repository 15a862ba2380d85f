import type { ServerResponse } from "node:http";
import { type Answer, type OfferedTool, type Turn, stream } from "./turn.ts";

interface Body {
  readonly tools?: readonly {
    readonly type: string;
    readonly name?: string;
    readonly tools?: readonly { readonly name: string }[];
  }[];
  readonly input?: readonly { readonly type?: string; readonly output?: unknown }[];
}

/** OpenAI Responses API, as Codex speaks it. */
export function readResponses(body: string): Turn {
  const { tools = [], input = [] } = JSON.parse(body) as Body;
  const flat = tools.flatMap((tool): OfferedTool[] => {
    if (tool.type === "namespace") {
      return (tool.tools ?? []).map(({ name }) => ({ name, namespace: tool.name ?? "" }));
    }
    return tool.name === undefined ? [] : [{ name: tool.name }];
  });
  const done = input.filter(({ type }) => type?.endsWith("_call_output") === true);
  return {
    tools: flat,
    results: done.map(({ output }) => (typeof output === "string" ? output : JSON.stringify(output))),
  };
}

export function answerResponses(response: ServerResponse, answer: Answer): void {
  const item = itemOf(answer);
  const usage = {
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  };
  const whole = { id: "r1", object: "response", status: "completed", model: "mock", output: [item], usage };
  stream(response, [
    { type: "response.created", response: { ...whole, status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: whole },
  ]);
}

let calls = 0;
function itemOf(answer: Answer): Record<string, unknown> {
  if ("say" in answer) {
    return {
      type: "message",
      id: "m1",
      role: "assistant",
      content: [{ type: "output_text", text: answer.say, annotations: [] }],
    };
  }
  calls += 1;
  const { name, namespace } = answer.tool;
  return {
    type: "function_call",
    id: `f${String(calls)}`,
    call_id: `c${String(calls)}`,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    arguments: JSON.stringify(answer.args),
    status: "completed",
  };
}
