import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@countersign/core";
import { describe, expect, it } from "vitest";
import type { Cli } from "../cli.ts";
import { UsageError } from "../command/usage-error.ts";
import { createOutput } from "../output/output.ts";
import { testCli } from "../testing/test-cli.ts";
import type { Play } from "./play.ts";
import { type DemoOptions, runDemo } from "./run-demo.ts";

interface Run {
  readonly cli: Cli;
  readonly stop: AbortController;
  readonly answer: () => unknown;
}

function jsonRun(): Run {
  const { cli, stop } = testCli();
  let written = "";
  const stdout = { write: (text: string) => (written += text) };
  const out = createOutput({ stdout, stderr: stdout, json: true, noColor: true });
  return { cli: { ...cli, stdout, out }, stop, answer: () => JSON.parse(written) };
}

const play = async (run: Run, story: DemoOptions["story"], keep: string | null = null): Promise<unknown> =>
  await runDemo({ live: false, keep, story }, run.cli);

describe("runDemo", () => {
  it("reports each chapter with its claims, ends what was opened, and removes everything", async () => {
    const run = jsonRun();
    const closed: string[] = [];
    let place: Play["place"] | null = null;
    const code = await play(run, async (props, programme) => {
      ({ place } = props);
      expect(props.place.look().records).toBe(1200);
      for (const name of ["first", "second"]) {
        await props.closing.opening(Promise.resolve(name), async () => {
          closed.push(name);
          await Promise.reject(new Error("does not close"));
        });
      }
      await programme.chapter("one", "One", async (chapter) => {
        chapter.note({ seen: 1 });
        await chapter.claim("it holds", true);
      });
    });
    expect(code).toBe(0);
    const chapter = { name: "one", ok: true, ms: 0, facts: { seen: 1, claims: ["it holds"] } };
    expect(run.answer()).toEqual({ ok: true, chapters: [chapter], keep: null });
    expect(closed).toEqual(["second", "first"]);
    expect(existsSync((place as Play["place"] | null)?.root ?? "")).toBe(false);
  });

  it("fails when a claim does not hold, and says which", async () => {
    const run = jsonRun();
    const playing = play(run, async (_, programme) => {
      await programme.chapter("one", "One", async (chapter) => {
        await chapter.claim("this holds", true);
        await chapter.claim("the moon is made of cheese", false);
      });
    });
    await expect(playing).rejects.toMatchObject({
      detail: expect.stringContaining("`the moon is made of cheese` of chapter `one`"),
    });
    expect(run.answer()).toMatchObject({
      ok: false,
      chapters: [{ name: "one", ok: false, facts: { claims: ["this holds"] } }],
    });
  });

  it("tells of other errors only the kind: their words may quote a link", async () => {
    const run = jsonRun();
    const playing = play(run, async (_, programme) => {
      await programme.chapter(
        "one",
        "One",
        async () => await Promise.reject(new TypeError("http://localhost/setup?token=s3cret")),
      );
    });
    const error = await playing.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).detail).toMatch(/chapter `one`.*TypeError/);
    expect((error as AppError).detail).not.toContain("s3cret");
  });

  it("stops in the middle, closes what was still on its way, and leaves nothing", async () => {
    const run = jsonRun();
    const browser = Promise.withResolvers<string>();
    let closed = "";
    let root = "";
    const playing = play(run, async ({ closing, place, stage, signal }, programme) => {
      ({ root } = place);
      await programme.chapter("one", "One", async () => {
        setImmediate(() => run.stop.abort());
        setImmediate(() => browser.resolve("the browser"));
        await closing.opening(browser.promise, async (it) => {
          await Promise.resolve();
          closed = it;
        });
        expect(signal.aborted).toBe(true);
        await stage.says({ who: "agent", text: "goes on all the same" });
      });
    });
    await expect(playing).rejects.toMatchObject({ detail: "the demo was stopped before its end" });
    expect(closed).toBe("the browser");
    expect(existsSync(root)).toBe(false);
    expect(run.answer()).toMatchObject({ ok: false, chapters: [{ name: "one", ok: false }] });
  });

  it("keeps the folder when asked to, which must be new or empty and short enough for a socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-keep-"));
    const keep = join(folder, "run");
    const run = jsonRun();
    await play(
      run,
      async ({ place }) => {
        expect(place.root).toBe(keep);
        await Promise.resolve();
      },
      keep,
    );
    expect(run.answer()).toMatchObject({ keep });
    expect(readdirSync(keep).toSorted()).toEqual(["agent", "config", "countersign.yaml", "records"]);

    const again = async (dir: string): Promise<unknown> =>
      await play(jsonRun(), async () => await Promise.resolve(), dir);
    await expect(again(keep)).rejects.toThrow(UsageError);
    writeFileSync(join(folder, "file"), "");
    await expect(again(join(folder, "file"))).rejects.toThrow("cannot be used");
    await expect(again(join(folder, "x".repeat(100)))).rejects.toThrow("too long");
  });

  it("gives its own processes nothing of the caller's installation", async () => {
    const run = jsonRun();
    const variables = {
      PATH: "/bin",
      COUNTERSIGN_SERVER: "http://elsewhere",
      COUNTERSIGN_DATA: "/srv",
      XDG_CONFIG_HOME: "/home",
      DISPLAY: ":0",
      DATABASE_URL: "postgres://x",
    };
    const cli = { ...run.cli, env: { ...run.cli.env, variables } };
    await runDemo(
      {
        live: false,
        keep: null,
        story: async ({ commandsFor, place }) => {
          const { env } = commandsFor({ MORE: "1" });
          expect(env).toEqual({ PATH: "/bin", MORE: "1", NO_COLOR: "1", XDG_CONFIG_HOME: place.config });
          await Promise.resolve();
        },
      },
      cli,
    );
  });
});
