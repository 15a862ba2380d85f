import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "./browser.ts";
import { CommandLine, type Started } from "./support/command-line.ts";

interface Chapter {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly facts: { readonly claims: readonly string[] } & Readonly<Record<string, unknown>>;
}
interface Answer {
  readonly ok: boolean;
  readonly chapters: readonly Chapter[];
  readonly keep: string | null;
}

const CHAPTERS = ["set-up", "reading", "overwrite", "narrower", "freeze", "false-log", "thaw", "receipt", "export"];

/** Far beyond what a demo needs on a busy machine. */
const LONG = 240_000;

describe("the demo", () => {
  let folder: string;
  let cli: CommandLine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cs-demo-"));
    cli = new CommandLine(folder, { TMPDIR: folder });
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const factsOf = ({ chapters }: Answer, name: string): Chapter["facts"] =>
    chapters.find((chapter) => chapter.name === name)?.facts ?? { claims: [] };

  it(
    "replays the ignored code freeze, checks each claim, and keeps what was asked for",
    { timeout: LONG },
    async () => {
      const keep = join(folder, "kept");
      const ran = await cli.run("demo", "freeze", "--keep", keep, "--json");
      expect(ran.stderr).toBe("");
      expect(ran.code).toBe(0);
      const answer = JSON.parse(ran.stdout) as Answer;
      expect(answer).toMatchObject({ ok: true, keep });
      expect(answer.chapters.map(({ name }) => name)).toEqual(CHAPTERS);
      for (const { ok, facts } of answer.chapters) expect(ok && facts.claims.length > 0).toBe(true);
      expect(factsOf(answer, "overwrite")["heldText"]).toMatch(
        /^HELD apr_\S+ for Maya Okafor: write_file \/\S+\/executives\.json\. Nothing was done\./,
      );
      expect(factsOf(answer, "freeze")).toMatchObject({
        tries: 11,
        denied: 11,
        severed: expect.stringMatching(/^brk_/),
        receipt: { state: "stopped" },
      });
      expect(factsOf(answer, "receipt")).toMatchObject({
        name: "mcp",
        point: expect.stringMatching(/^ep_/),
        at: expect.stringMatching(/Z$/),
      });

      expect(JSON.parse(await readFile(join(keep, "records", "executives.json"), "utf8"))).toHaveLength(1200);
      const exported = join(keep, "ledger-export");
      const { entries, root } = factsOf(answer, "export");
      expect(await cli.json("ledger", "verify", "--offline", exported)).toMatchObject({ code: 0, size: entries, root });
      const keys = join(exported, "keys.json");
      expect(await cli.json("receipt", "verify", join(keep, "receipt.json"), "--key", keys)).toMatchObject({
        code: 0,
        ok: true,
      });
      expect(await readdir(join(keep, "data"))).toContain("countersign.db");
      expect(await readdir(folder)).toEqual(["kept"]);
    },
  );

  it("lets a person sign and freeze in their own browser", { timeout: LONG }, async () => {
    const browser = await launchBrowser();
    const page = await browser.newPage();
    page.setDefaultTimeout(LONG);
    await browser.addAuthenticator(page);
    const running = cli.start(["demo", "--live", "--json"]);
    try {
      const turns = await takeTurns(running, page);
      const ran = await running.ended;
      expect(ran.code, ran.stderr).toBe(0);
      expect(JSON.parse(ran.stdout)).toMatchObject({ ok: true, keep: null });
      expect(factsOf(JSON.parse(ran.stdout) as Answer, "freeze")).toMatchObject({
        receipt: { scope: { type: "all" } },
        denied: 11,
      });
      expect(turns).toBe(8);
    } finally {
      running.child.kill("SIGTERM");
      await browser.close();
    }
  });

  it("leaves no file and no process when it is stopped in the middle", { timeout: LONG }, async () => {
    const empty = await mkdtemp(join(folder, "stopped-"));
    const running = new CommandLine(folder, { TMPDIR: empty }).start(["demo"]);
    let shown = "";
    await new Promise<void>((resolve) => {
      running.child.stdout.on("data", (part: Buffer) => {
        shown += part.toString("utf8");
        if (shown.includes("Reading flows")) resolve();
      });
    });
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({
      code: 1,
      stderr: "countersign: the demo was stopped before its end\n",
    });
    expect(await readdir(empty)).toEqual([]);
    const pid = Number(/\(process (\d+)\)/.exec(shown.replaceAll(/\s+/g, " "))?.[1]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("refuses a folder that holds something, and a story that it does not know", async () => {
    expect(await cli.problem("demo", "--keep", folder)).toMatchObject({ exit: 2, code: "request.invalid" });
    expect(await cli.problem("demo", "flood")).toMatchObject({ exit: 2, detail: expect.stringContaining("`flood`") });
  });
});

/** Does what the demo asks the person to do, until it ends; how often it asked. */
async function takeTurns({ child }: Started, page: Page): Promise<number> {
  let turns = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    const { event, what, url } = JSON.parse(line) as { event: string; what: string; url: string };
    if (event !== "your_turn") continue;
    turns += 1;
    await page.goto(url);
    if (what.includes("make a passkey")) {
      await page.getByLabel("Your name").fill("Grace Hopper");
      await page.getByRole("button", { name: "Create passkey" }).click();
    } else if (what.includes("Press Freeze")) {
      await page.getByRole("banner").getByRole("button", { name: "Freeze" }).click();
      await page.getByRole("dialog").getByLabel("Reason").fill("my own freeze");
      await page
        .getByRole("dialog")
        .getByRole("button", { name: /^Freeze/ })
        .click();
    } else if (what.includes("Press Deny")) {
      await page.getByRole("button", { name: "Deny", exact: true }).click();
      await page.getByRole("button", { name: "Deny with passkey" }).click();
    } else await page.getByRole("button", { name: "Approve", exact: true }).click();
  }
  return turns;
}
