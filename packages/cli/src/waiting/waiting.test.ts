import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClient } from "../client/client.ts";
import type { GatewayResponse } from "../mcp-bridge/index.ts";
import { startControlPlane, type TestControlPlane } from "../testing/control-plane.ts";
import { signedIn } from "../testing/sign-in-state.ts";
import { testCli, type TestCli } from "../testing/test-cli.ts";
import { tellingDesktop } from "./tell-desktop.ts";
import { tellTerminal } from "./tell-terminal.ts";

const TASK = "tsk_0000000000000000000001";
const OTHER = "tsk_0000000000000000000002";
const LIST = "GET /v1/approvals";

function approval(id: string, task = TASK): Record<string, unknown> {
  const display = {
    sentence: `coder wants to destroy: write_file on \u001b[31mfile:/${id}`,
    agent: { id: "agt_1", name: "coder" },
    task: { id: task, name: "tidy up" },
  };
  return { id, state: "pending", display };
}

/** A `notify-send` that keeps what it was told. */
function notifier(): { readonly path: readonly string[]; told(): string } {
  const folder = mkdtempSync(join(tmpdir(), "countersign-notify-"));
  const log = join(folder, "told");
  writeFileSync(log, "");
  writeFileSync(join(folder, "notify-send"), `#!/bin/sh\nprintf '%s\\n' "$*" >>'${log}'\n`);
  chmodSync(join(folder, "notify-send"), 0o755);
  return { path: [folder], told: () => readFileSync(log, "utf8") };
}

describe("an approval that waits", () => {
  let server: TestControlPlane;
  let test: TestCli;
  let waiting: readonly Record<string, unknown>[];
  let states: Readonly<Record<string, string>>;

  beforeEach(() => {
    waiting = [];
    states = {};
  });
  afterEach(async () => await server.close());

  describe("in the terminal of the control plane", () => {
    async function told(rounds: readonly (readonly Record<string, unknown>[])[], isTTY: boolean): Promise<string> {
      const data = mkdtempSync(join(tmpdir(), "countersign-data-"));
      mkdirSync(data, { recursive: true });
      server = await startControlPlane(
        {
          [LIST]: () => ({ body: { approvals: waiting } }),
          ...Object.fromEntries(
            Object.entries(states).map(([id, state]) => [`${LIST}/${id}`, () => ({ body: { id, state } })]),
          ),
        },
        join(data, "control.sock"),
      );
      waiting = rounds[0] ?? [];
      const pause = (count: number): void => {
        waiting = rounds[count] ?? [];
        if (count >= rounds.length) test.stop.abort();
      };
      test = testCli({ isTTY, onPause: pause, env: { path: [] } });
      let written = "";
      const stdout = { isTTY, write: (text: string) => (written += text) };
      await tellTerminal({ data, api: server.url }, { ...test.cli, stdout });
      return written;
    }

    it("is one line with its link, once, and rings the bell", async () => {
      const one = approval("apr_1");
      const written = await told([[], [one], [one], [one, approval("apr_2")], []], true);
      expect(written.split(`${server.url}/approve/apr_1`)).toHaveLength(2);
      expect(written.split(`${server.url}/approve/apr_2`)).toHaveLength(2);
      expect(written).toContain("coder wants to destroy: write_file on ⟨001B⟩[31mfile:/apr_1");
      expect(written.match(/\n\u0007/g)).toHaveLength(2);
    });

    it.each([
      ["approved", "Signed    "],
      ["consumed", "Signed    "],
      ["denied", "Denied    "],
      ["void", "Withdrawn "],
      ["expired", "Expired   "],
      ["never heard of", "Ended     "],
    ])("is one line more when it is %s", async (state, word) => {
      states = { apr_1: state };
      const written = await told([[], [approval("apr_1")], [], []], false);
      expect(written.split("\n").filter((line) => line.startsWith(`  ${word}coder wants to destroy`))).toHaveLength(1);
    });

    it("has not ended when it only left the list, and ends without a word where that cannot be seen", async () => {
      states = { apr_1: "pending" };
      const written = await told([[], [approval("apr_1"), approval("apr_2")], [], []], false);
      expect(written.split("\n")).toHaveLength(6);
      expect(written).toMatch(/ {2}Ended {5}coder .*apr_2\n/);
    });

    it("is counted in the title, which is put back at the end", async () => {
      const one = approval("apr_1");
      const titles = (await told([[], [one], [one, approval("apr_2")], []], true)).match(
        /\u001b\](0;[^\u0007]*)\u0007|\u001b\[2[23];0t/g,
      );
      expect(titles).toEqual([
        "\u001b[22;0t",
        "\u001b]0;(1) Countersign\u0007",
        "\u001b]0;(2) Countersign\u0007",
        "\u001b]0;Countersign\u0007",
        "\u001b[23;0t",
      ]);
    });

    it("is a line alone where no terminal is", async () => {
      const written = await told([[approval("apr_1")], []], false);
      expect(written).toContain("/approve/apr_1");
      expect(written).not.toMatch(/\u0007|\u001b/);
    });

    it("waits out a control plane that does not answer", async () => {
      const data = mkdtempSync(join(tmpdir(), "countersign-data-"));
      server = await startControlPlane({ [LIST]: () => ({ status: 500, body: {} }) }, join(data, "control.sock"));
      test = testCli({ onPause: (count) => (count >= 3 ? test.stop.abort() : undefined) });
      await tellTerminal({ data, api: server.url }, test.cli);
      expect(server.at("GET /v1/approvals?state=pending")).toHaveLength(3);
    });
  });

  describe("on the desktop of the client", () => {
    const slow = async (rounds: readonly (readonly Record<string, unknown>[])[]): Promise<string> => {
      const desktop = notifier();
      server = await startControlPlane({ [LIST]: () => ({ body: { approvals: waiting } }) });
      let answer: (response: GatewayResponse) => void = () => undefined;
      const pause = (count: number): void => {
        waiting = rounds[count - 1] ?? [];
        if (count > rounds.length) answer({ status: 200, headers: { get: () => null }, body: null });
      };
      test = testCli({ onPause: pause, env: { hasDisplay: true, platform: "linux", path: desktop.path } });
      signedIn(server.url, test);
      const client = createClient({ server: server.url }, test.surroundings);
      const send = async (): Promise<GatewayResponse> => await new Promise((resolve) => (answer = resolve));
      const told = tellingDesktop(send, { client, cli: test.surroundings, task: () => TASK });
      await told({ method: "POST", body: "{}", headers: {} }, new AbortController().signal);
      client.close();
      await expect.poll(() => desktop.told()).not.toBe("");
      return desktop.told();
    };

    it("names the agent, once for each approval of this task, and nothing of the call", async () => {
      const one = approval("apr_1");
      const told = await slow([[one, approval("apr_9", OTHER)], [one], [one, approval("apr_2")]]);
      expect(told.trim().split("\n").length).toBeLessThanOrEqual(2);
      expect(told).toContain("--app-name=Countersign Countersign coder waits for your signature");
      expect(told).not.toContain("write_file");
    });
  });
});
