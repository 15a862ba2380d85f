import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Channel, ChannelEvents } from "./channel.ts";
import { type LinkAnswer, UpstreamLink } from "./upstream-link.ts";

const quiet = { debug: () => undefined, warn: () => undefined, error: () => undefined };

/** A link whose other end is this test. */
function open(): { link: UpstreamLink; events: ChannelEvents; sent: string[]; aborted: string[] } {
  let events: ChannelEvents | null = null;
  const sent: string[] = [];
  const aborted: string[] = [];
  const channel: Channel = {
    abortCancels: false,
    reserve: ({ bytes }) => {
      const text = bytes.toString();
      return Promise.resolve({ ok: true, send: () => void sent.push(text), abort: () => void aborted.push(text) });
    },
    adopt: () => undefined,
    close: () => Promise.resolve(),
  };
  const link = new UpstreamLink({ upstream: "x", log: quiet, open: (given) => ((events = given), channel) });
  if (events === null) throw new Error("the link did not open its channel");
  return { link, events, sent, aborted };
}
const say = (events: ChannelEvents, value: unknown): void => events.message(Buffer.from(JSON.stringify(value)), null);

describe("UpstreamLink", () => {
  it("pairs answers with requests in any order", async () => {
    const { link, events } = open();
    const answers = [1, 2, 3].map(async () => await link.request({ method: "m", members: [] }, { timeoutMs: 1000 }));
    await new Promise(setImmediate);
    for (const id of [3, 1, 2]) say(events, { jsonrpc: "2.0", id, result: { n: id } });
    const read = (await Promise.all(answers)).map((answer) =>
      answer.ok && "result" in answer ? String(answer.result) : "none",
    );
    expect(read).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it("takes an answer once, and none from another request's id", async () => {
    const { link, events } = open();
    const answer = link.request({ method: "m", members: [] }, { timeoutMs: 1000 });
    await new Promise(setImmediate);
    say(events, { jsonrpc: "2.0", id: 9, result: { n: 0 } });
    say(events, { jsonrpc: "2.0", id: "1", result: { n: 0 } });
    say(events, { jsonrpc: "2.0", id: 1, result: { n: 1 } });
    say(events, { jsonrpc: "2.0", id: 1, result: { n: 2 } });
    expect(String(((await answer) as { result: Buffer }).result)).toBe('{"n":1}');
  });

  it("leaves a request alone that is answered, and gives one back that was never sent", async () => {
    const { link, events, sent, aborted } = open();
    const parts = { method: "m", members: [] };
    const [first, second] = [
      await link.prepare(parts, { timeoutMs: 1000 }),
      await link.prepare(parts, { timeoutMs: 1000 }),
    ];
    if (!first.ok || !second.ok) throw new Error("the link is not open");
    const answer = first.write(null);
    say(events, { jsonrpc: "2.0", id: 1, result: {} });
    expect(await answer).toMatchObject({ ok: true });
    first.cancel("late");
    second.cancel("not sent");
    await new Promise(setImmediate);
    expect(sent).toHaveLength(1);
    expect(aborted).toEqual([expect.stringContaining('"id":2')]);
  });

  it("tells the upstream once when a request is cancelled", async () => {
    const { link, events, sent } = open();
    const prepared = await link.prepare({ method: "m", members: [] }, { timeoutMs: 1000 });
    if (!prepared.ok) throw new Error("the link is not open");
    const answer = prepared.write(null);
    prepared.cancel("enough");
    await new Promise(setImmediate);
    const told = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1, reason: "enough" } };
    expect(sent.slice(1).map((text) => JSON.parse(text))).toEqual([told]);
    events.lost(1, { code: "upstream.down", reason: "over" });
    expect(await answer).toMatchObject({ ok: false });
  });

  it("does not answer requests without end", () => {
    const { link, events } = open();
    for (let id = 0; id <= 10_000; id += 1) say(events, { jsonrpc: "2.0", id, method: "roots/list" });
    expect(link.fault).toMatchObject({ code: "upstream.garbage" });
  });

  it("ends every request with an answer or a code, whatever comes", async () => {
    const id = fc.constantFrom<unknown>(1, 2, 3, "1", null, 1.5);
    const likely = fc.record(
      {
        jsonrpc: fc.constantFrom("2.0", "1.0"),
        id,
        method: fc.constantFrom("ping", "notifications/progress", "notifications/tools/list_changed", "x"),
        params: fc.constantFrom<unknown>({ progressToken: 1, progress: 2 }, { progressToken: 2 }, null, []),
        result: fc.constantFrom<unknown>({}, { content: [] }, 7),
        error: fc.constantFrom<unknown>({ code: 1, message: "m" }, "no"),
      },
      { requiredKeys: ["jsonrpc"] },
    );
    const line = fc.oneof(
      likely.map((value) => Buffer.from(JSON.stringify(value))),
      fc.json().map((text) => Buffer.from(text)),
      fc.uint8Array().map((raw) => Buffer.from(raw)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
        const { link, events } = open();
        const answers = [1, 2, 3].map(
          async () => await link.request({ method: "m", members: [] }, { timeoutMs: 60_000 }),
        );
        await new Promise(setImmediate);
        for (const bytes of lines) events.message(bytes, null);
        events.lost(null, { code: "upstream.down", reason: "over" });
        const codes = (await Promise.all(answers)).map((answer: LinkAnswer) => (answer.ok ? "answered" : answer.code));
        for (const code of codes) expect(["answered", "upstream.down", "upstream.garbage"]).toContain(code);
      }),
      { numRuns: 300 },
    );
  });
});
