import { EventEmitter } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { Cli } from "../../cli.ts";
import { createOutput } from "../../output/output.ts";
import { testCli } from "../../testing/test-cli.ts";
import { Stage } from "./stage.ts";

/** A keyboard as Node shows one. */
class Keyboard extends EventEmitter {
  readonly isTTY = true;
  raw = false;
  setRawMode(on: boolean): void {
    this.raw = on;
  }
  resume(): void {}
  pause(): void {}
}

interface Theatre {
  readonly stage: Stage;
  readonly keyboard: Keyboard;
  readonly ended: AbortController;
  readonly notes: () => string;
  /** What was written, without colours and movements. */
  readonly seen: () => string;
  readonly raw: () => string;
}

function theatre({ isTTY = false, json = false, columns = 80 } = {}): Theatre {
  const keyboard = new Keyboard();
  const ended = new AbortController();
  let written = "";
  let noted = "";
  const stdout = { isTTY, columns, write: (text: string) => (written += text) };
  const stderr = { isTTY, write: (text: string) => (noted += text) };
  const out = createOutput({ stdout, stderr, json, noColor: false });
  const cli: Cli = { ...testCli().cli, stdin: keyboard as unknown as NodeJS.ReadableStream, stdout, stderr, out };
  const stage = new Stage(cli, { human: "maya", silent: json, signal: ended.signal, onEnd: () => ended.abort() });
  const clean = (text: string): string => stripVTControlCharacters(text).replaceAll("\r", "");
  return { stage, keyboard, ended, notes: () => noted, seen: () => clean(written), raw: () => written };
}

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

describe("the stage", () => {
  it.each([60, 80, 120])("keeps to %i columns, and to 100", async (columns) => {
    const { stage, seen } = theatre({ columns });
    await stage.open("The ignored code freeze", "word ".repeat(60));
    await stage.chapter(1, "Three signatures");
    await stage.says({ who: "gateway", text: `HELD ${"x".repeat(300)} for maya`, tone: "warn", aside: "12 ms" });
    await stage.says({ who: "agent", text: "y".repeat(300), short: true, aside: "DENIED frozen" });
    await stage.quote(["z".repeat(300)], { whole: true });
    await stage.proof("p".repeat(200), "sha-256");
    await stage.failure("f".repeat(200));
    const widths = seen()
      .split("\n")
      .map((line) => line.length);
    expect(Math.max(...widths)).toBe(Math.min(columns, 100));
  });

  it("says who speaks, and puts asides at the end of the line", async () => {
    const { stage, seen } = theatre();
    await stage.says({ who: "human", text: "signs", aside: "9 ms" });
    expect(seen()).toBe(`      maya  signs${" ".repeat(59)}9 ms\n`);
  });

  it("spells out what would repaint the terminal", async () => {
    const { stage, raw } = theatre({ isTTY: true });
    await stage.says({ who: "gateway", text: "a\u001b[2Jb" });
    await stage.quote(["c\u001b[2Jd"]);
    expect(raw()).not.toContain("\u001b[2J");
    expect(raw()).toContain("⟨001B⟩");
  });

  it("writes no escape sequence where there is no terminal", async () => {
    const { stage, raw } = theatre();
    await stage.chapter(1, "One");
    await stage.busy("waiting", async () => await Promise.resolve());
    await stage.says({ who: "agent", text: "DENIED it", tone: "bad" });
    stage.terminal.close();
    expect(raw()).not.toContain("\u001b");
  });

  it("is silent with --json, but says whose turn it is on standard error", async () => {
    const { stage, raw, notes } = theatre({ json: true, isTTY: true });
    await stage.chapter(1, "One");
    await stage.ask("Press Approve.", "http://localhost:1/approve/apr_1");
    stage.terminal.close();
    expect(raw()).toBe("");
    expect(JSON.parse(notes())).toEqual({
      event: "your_turn",
      what: "Press Approve.",
      url: "http://localhost:1/approve/apr_1",
    });
  });

  it("waits while it is paused, by space or Enter", async () => {
    const { stage, keyboard, seen } = theatre({ isTTY: true });
    expect(keyboard.raw).toBe(true);
    for (const [pause, goOn] of [
      [" ", "\r"],
      ["\n", " "],
    ] as const) {
      keyboard.emit("data", Buffer.from(pause));
      let said = false;
      const saying = stage.says({ who: "agent", text: `after ${JSON.stringify(pause)}` }).then(() => (said = true));
      await settled();
      expect(said).toBe(false);
      expect(seen()).not.toContain(`after ${JSON.stringify(pause)}`);
      expect(seen()).toContain("paused");
      keyboard.emit("data", Buffer.from(goOn));
      await saying;
      expect(seen()).toContain(`after ${JSON.stringify(pause)}`);
    }
    stage.terminal.close();
    expect(keyboard.raw).toBe(false);
    expect(keyboard.listenerCount("data")).toBe(0);
  });

  it("ends at Ctrl-C, also when it is paused: nothing is said any more", async () => {
    const { stage, keyboard, ended, seen } = theatre({ isTTY: true });
    keyboard.emit("data", Buffer.from(" "));
    const saying = stage.says({ who: "agent", text: "never" });
    keyboard.emit("data", Buffer.from("\u0003"));
    await expect(saying).rejects.toThrow("aborted");
    expect(ended.signal.aborted).toBe(true);
    expect(seen()).not.toContain("never");
    stage.terminal.close();
  });
});
