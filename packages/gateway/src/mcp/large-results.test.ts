import { describe, expect, it } from "vitest";
import { ERAS, sdkClient } from "./testing/clients.ts";
import { oddServer, runGateway } from "./testing/gateway.ts";
import { modernHttp } from "./testing/modern-server.ts";

const MIB = 1024 * 1024;

describe("a result of tens of MiB", () => {
  it.each(ERAS)("passes to a client in mode %s, over pipe and HTTP", async (mode) => {
    await using http = await modernHttp();
    await using running = await runGateway({ pipe: { command: oddServer() }, web: { url: http.url } });
    const bytes = 20 * MIB;
    const credential = running.point.openTask();
    for (const [upstream, name] of [
      ["pipe", "huge"],
      ["web", "big"],
    ] as const) {
      await running.pin(upstream);
      const client = await sdkClient(running.url(upstream), mode, credential);
      const result = await client.callTool({ name, arguments: { bytes } });
      const [part] = result.content;
      expect(part?.type === "text" && part.text.length).toBe(bytes);
      expect(running.point.recorded.at(-1)).toMatchObject({ outcome: "ok" });
      expect(running.point.recorded.at(-1)?.bytes).toBeGreaterThan(bytes);
      await client.close();
    }
  });
});
