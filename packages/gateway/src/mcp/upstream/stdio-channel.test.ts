import { describe, expect, it } from "vitest";
import type { UpstreamFault } from "./channel.ts";
import { StdioChannel } from "./stdio-channel.ts";

const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };

function open(program: string): {
  channel: StdioChannel;
  lost: Promise<UpstreamFault>;
  lines: string[];
  first: Promise<string>;
} {
  const lost = Promise.withResolvers<UpstreamFault>();
  const first = Promise.withResolvers<string>();
  const lines: string[] = [];
  const channel = new StdioChannel({
    upstream: "test",
    command: [process.execPath, "-e", program],
    cwd: "/",
    environment: {},
    secrets: [],
    answerBytes: 1_048_576,
    log: silent,
    events: {
      message: (line: Buffer) => {
        lines.push(line.toString("utf8"));
        first.resolve(line.toString("utf8"));
      },
      awaited: () => true,
      lost: (_key: unknown, fault: UpstreamFault) => lost.resolve(fault),
    },
  });
  return { channel, lost: lost.promise, lines, first: first.promise };
}

async function reserve(channel: StdioChannel, text: string): Promise<{ send: () => void; abort: () => void }> {
  const reserved = await channel.reserve({ bytes: Buffer.from(text) } as never);
  if (!reserved.ok) throw new Error(reserved.reason);
  return reserved;
}

describe("a stopped call to a program", () => {
  it("takes with it the bytes that the program has not read (INV-3)", async () => {
    // It never reads.
    const { channel, lost, lines } = open("setInterval(() => undefined, 1000);");
    const { send, abort } = await reserve(channel, `{"big":"${"x".repeat(4 * 1_048_576)}"}\n`);
    send();
    abort();
    expect(await lost).toMatchObject({ code: "upstream.down" });
    await channel.close("test over");
    expect(lines).toEqual([]);
  });

  it("leaves a program alone that has read all of it", async () => {
    const { channel, first } = open(`process.stdin.on("data", (d) => process.stdout.write(d));`);
    const { send, abort } = await reserve(channel, '{"small":1}\n');
    send();
    expect(await first).toBe('{"small":1}');
    abort();
    const again = await channel.reserve({ bytes: Buffer.from("{}\n") } as never);
    expect(again.ok).toBe(true);
    await channel.close("test over");
  });
});
