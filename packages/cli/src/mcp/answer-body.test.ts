import { describe, expect, it } from "vitest";
import { afterListChanged, refusalCodes, watched } from "./answer-body.ts";

async function* parts(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

describe("watched", () => {
  it("passes everything on and shows a short answer whole", async () => {
    const seen: string[] = [];
    expect(await textOf(watched(parts("a", "ü", "b"), (text) => seen.push(text)))).toBe("aüb");
    expect(seen).toEqual(["aüb"]);
  });

  it("passes a long answer on without keeping it", async () => {
    const seen: string[] = [];
    const long = "x".repeat(10_000);
    expect(await textOf(watched(parts(long, long), (text) => seen.push(text)))).toBe(long + long);
    expect(seen).toEqual([]);
  });
});

describe("refusalCodes", () => {
  const refusal = { decision: "deny", step: "task", code: "task.ended", reason: "x" };
  it.each([
    [JSON.stringify({ result: { isError: true, _meta: { "dev.countersign/decision": refusal } } }), ["task.ended"]],
    [`event: message\ndata: ${JSON.stringify({ error: { data: refusal } })}\n\n`, ["task.ended"]],
    [JSON.stringify({ status: 401, ...refusal }), ["task.ended"]],
    [JSON.stringify({ result: { content: [{ text: "code: task.ended" }] } }), []],
    ["", []],
  ])("of %j", (text, codes) => {
    expect(refusalCodes(text)).toEqual(codes);
  });
});

describe("afterListChanged", () => {
  const first = ["tools", "resources", "prompts"]
    .map((list) => `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/${list}/list_changed"}\n\n`)
    .join("");
  it("turns an answer into a stream, one event, also when the JSON holds line breaks", async () => {
    expect(await textOf(afterListChanged(parts('{\n"a":', "\r\n1}"), false))).toBe(
      `${first}event: message\ndata: { "a":  1}\n\n`,
    );
  });
  it("goes before the events of a stream", async () => {
    expect(await textOf(afterListChanged(parts("data: {}\n\n"), true))).toBe(`${first}data: {}\n\n`);
  });
});
