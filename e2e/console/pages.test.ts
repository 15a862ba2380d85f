import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import type { Client } from "@modelcontextprotocol/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, launchBrowser } from "../browser.ts";
import { Installation, mcpClient, refusalOf } from "../support/installation.ts";
import { Workstation } from "../support/workstation.ts";
import { BrowserUser } from "./browser-user.ts";

const SLOW = "trigger-long-running-operation";
const slow = {
  kind: "mcp",
  command: [
    process.execPath,
    fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js")),
    "stdio",
  ],
  effects: { [SLOW]: "write" },
};
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What makes the page scroll sideways. */
const TOO_WIDE = `document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map(({ outerHTML }) => outerHTML.slice(0, 100)).slice(0, 6)`;
/** Survives everything but a reload. */
const MARK = "window.sameDocument = true";

/** The console of a real control plane in a real browser, from the set-up link on. The tests go on from each other. */
describe("the console", () => {
  let here: Installation;
  let browser: TestBrowser;
  let maya: BrowserUser;
  let laptop: Workstation;
  let page: Page;
  let agent: string;
  let client: Client;
  const faults: string[] = [];

  beforeAll(async () => {
    [here, browser] = await Promise.all([
      Installation.create({ buildConsole: true, beside: { slow } }),
      launchBrowser(),
    ]);
    maya = await BrowserUser.register(browser, here.composed.setupUrl ?? "", "Maya Okafor");
    page = await maya.open("/");
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("Failed to load resource"))
        faults.push(message.text());
    });
  });
  afterAll(async () => {
    await client.close();
    await browser.close();
    await here.close();
  });

  const write = async (name: string): Promise<string> => {
    const args = { path: join(here.files, name), content: "[]" };
    return refusalOf(await client.callTool({ name: "write_file", arguments: args }))?.approval ?? "";
  };
  const dialog = () => page.getByRole("dialog");

  it("begins with the commands that put an agent under control", async () => {
    await page.getByText("countersign connect claude-code").waitFor();
    await page.evaluate(MARK);
    const registered = await maya.json<{ id: string; approvalId: string }>("/v1/agents", {
      name: "coder",
      owner: "me",
      purpose: "keep the records tidy",
      grants: [{ action: "mcp:*/*", resource: "**" }],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    agent = registered.id;
    await maya.approve(registered.approvalId);
    await page.getByRole("heading", { name: "Agents are under control" }).waitFor();
    expect(await page.evaluate("window.sameDocument")).toBe(true);
  });

  it("shows a held call the moment it waits, without loading again", async () => {
    laptop = new Workstation(here.composed.api);
    const { id } = await laptop.requestSignIn();
    await maya.approve(id);
    await laptop.finishSignIn(id);
    client = await mcpClient(await laptop.openTask("coder", { purpose: "merge duplicates" }));
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    await write("executives.json");
    await page.getByRole("button", { name: /coder.*executives\.json/ }).waitFor();
    await expect.poll(async () => await page.title()).toBe("(1) Approvals · Countersign");
    expect(await page.evaluate("window.sameDocument")).toBe(true);
  });

  it("leads from the list to the signing page by the keyboard alone", async () => {
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /coder.*executives\.json/ }).waitFor();
    const approval = new URL(page.url()).searchParams.get("id") ?? "";
    await page.keyboard.press("a");
    await page.waitForURL(`**/approve/${approval}`);
    await maya.approve(approval);
    await page.goBack();
    await page.getByText("approved", { exact: true }).waitFor();
    expect(await write("executives.json")).toBe("");
    await page.getByText("carried out", { exact: true }).waitFor();
  });

  it("does by its keys what it says under ?", async () => {
    await page.keyboard.press("?");
    await dialog().getByText("Filter the list").waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.getByRole("textbox", { name: "Go to" }).fill("coder");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/agents/${agent}`);
    await dialog().waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await page.getByRole("button", { name: "coder" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("cod");
    await page.keyboard.press("Enter");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/agents?q=cod&id=${agent}`);
    await page.keyboard.press("Escape");
    await page.waitForURL("**/agents?q=cod");
    await page.evaluate(`localStorage["countersign.singleKeys"] = "false"`);
    await page.keyboard.press("f");
    await page.keyboard.press("Control+k");
    expect(await dialog().innerText()).not.toContain("Freeze now");
    await page.evaluate(`localStorage["countersign.singleKeys"] = "true"`);
    await page.keyboard.press("Escape");
  });

  it("asks whoever is not signed in, and brings them back to where they wanted to be", async () => {
    const { signer } = maya;
    await signer.goto(`${maya.api}/agents?q=cod`);
    await signer.getByRole("button", { name: "Account of Maya Okafor" }).click();
    await signer.getByRole("menuitem", { name: "Sign out" }).click();
    await signer.waitForURL("**/sign-in");
    await signer.goto(`${maya.api}/agents?q=cod`);
    await signer.getByRole("button", { name: "Sign in with passkey" }).click();
    await signer.waitForURL("**/agents?q=cod");
    await signer.getByRole("button", { name: "coder" }).waitFor();
    expect(await signer.getByRole("searchbox").inputValue()).toBe("cod");
  });

  it("severs a task and says stopped only when the point has confirmed it", async () => {
    const task = await laptop.openTask("coder", { purpose: "takes its time" });
    const other = await mcpClient(task, "auto", "slow");
    await page.goto(`${maya.api}/tasks?id=${task.id}`);
    const running = new Promise<unknown>((resolve) => {
      const ask = { name: SLOW, arguments: { duration: 30, steps: 300 } };
      void other.callTool(ask, { onprogress: resolve }).catch(() => null);
    });
    await running;
    await page.getByRole("button", { name: "Sever", exact: true }).click();
    await page.getByLabel("Reason").fill("takes too long");
    const asked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    await page.route(`${maya.api}/v1/brakes/brk_*`, async (route) => {
      asked.resolve();
      await released.promise;
      await route.continue();
    });
    await page.getByRole("button", { name: "Sever now" }).click();
    await asked.promise;
    expect(await dialog().locator(".stop-headline").innerText()).toBe("Requested");
    released.resolve();
    await dialog().locator(".stop[data-stopped]").waitFor();
    expect(await dialog().locator(".stop-points").innerText()).toMatch(
      /Requested\s[\d:.]+\s+mcp confirmed, in flight: .*\s[\d:.]+\s+hooks confirmed, nothing in flight\s[\d:.]+\s+Stopped\s[\d:.]+/,
    );
    await dialog().getByRole("button", { name: "Close" }).last().click();
    await other.close();
    const { brakes } = await maya.json<{ brakes: { id: string }[] }>("/v1/brakes");
    const { approvalId } = await maya.json<{ approvalId: string }>(`/v1/brakes/${brakes[0]?.id ?? ""}/thaw`, {});
    await maya.approve(approvalId);
  });

  it("freezes from every page, with what it reaches, and leads to the signature that lifts it", async () => {
    await page.goto(`${maya.api}/ledger`);
    await page.getByRole("heading", { name: "Ledger" }).waitFor();
    await page.keyboard.press("f");
    const reaches = "Reaches 1 live task, 1 agent, no held calls; 2 enforcement points must confirm.";
    await expect.poll(async () => await dialog().innerText()).toContain(reaches);
    await dialog().getByLabel("Reason").fill("code freeze");
    await page.keyboard.press("Enter");
    await dialog().locator(".stop[data-stopped]").waitFor();
    await dialog().getByRole("link", { name: "Receipt and thaw" }).click();
    await page.getByText("Everything is frozen.").waitFor();
    await page.getByRole("button", { name: "Thaw…" }).click();
    await page.waitForURL("**/approve/*");
    const approval = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await page.goBack();
    await page.getByRole("link", { name: "Review and sign the thaw" }).waitFor();
    await maya.approve(approval);
    await page.getByText("Everything is frozen.").waitFor({ state: "detached" });
  });

  it("says in the ledger who approved, and why something was stopped", async () => {
    await page.goto(`${maya.api}/ledger?state=approval`);
    await page.getByRole("button", { name: "Approved by Maya Okafor" }).first().click();
    await page.getByRole("heading", { name: "Approved by Maya Okafor" }).waitFor();
    await page.goto(`${maya.api}/ledger?state=brake`);
    await page.getByRole("button", { name: "Thaw, approved by Maya Okafor" }).first().waitFor();
    await page.getByRole("button", { name: /: Freeze$/ }).click();
    await page.getByRole("heading", { name: "Freeze", exact: true }).waitFor();
    await page.locator(".panel .facts").first().waitFor();
    expect(await page.locator(".panel").innerText()).toMatch(/Reason of the stop\s+code freeze/);
  });

  describe("a proof", () => {
    let entry: string;
    const verdict = async (): Promise<string> => {
      await page.goto(`${maya.api}/ledger?id=${entry}`);
      const proof = page.locator(
        ".proof:is([data-verdict='verified'], [data-verdict='failed'], [data-verdict='unable'])",
      );
      return await proof.innerText();
    };
    const changing = async (path: string, change: (body: Buffer) => Buffer): Promise<string> => {
      await page.route(path, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: change(await response.body()) });
      });
      const words = await verdict();
      await page.unroute(path);
      return words;
    };
    const flipped = (bytes: Buffer, at: number): Buffer => {
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      return bytes;
    };
    const entryFlipped = (body: Buffer): Buffer => {
      const answer = JSON.parse(body.toString()) as { leaf: string };
      const leaf = Buffer.from(answer.leaf, "base64");
      return Buffer.from(JSON.stringify({ ...answer, leaf: flipped(leaf, leaf.indexOf("mcp:")).toString("base64") }));
    };

    it("is verified by the browser itself, and says what it rests on", async () => {
      await page.goto(`${maya.api}/ledger?state=action.intent`);
      // An entry that was opened before may have been verified, and remembered, by now.
      await page.evaluate(`localStorage.removeItem("countersign.checkpoint")`);
      await page.getByRole("button", { name: /mcp:slow/ }).click();
      entry = new URL(page.url()).searchParams.get("id") ?? "";
      const words = await verdict();
      expect(words).toContain("Verified in your browser");
      expect(words).toContain("this browser remembers it from now on");
      await page.reload();
      expect(await verdict()).toMatch(/nothing of the \d+ entries seen before was changed/);
    });

    it.each([
      ["the entry", "**/v1/ledger/entries/ent_*", entryFlipped, "The entry is not in the log"],
      ["the tree", "**/ledger/tile/**", (b: Buffer) => flipped(b, b.length - 1), "The entry is not in the log"],
      [
        "the checkpoint",
        "**/ledger/checkpoint",
        (b: Buffer) => flipped(b, b.indexOf("\n") + 1),
        "not signed by the log",
      ],
      ["the key", "**/ledger/vkey", (b: Buffer) => flipped(b, b.length - 4), "another key"],
    ])("is red when one byte of %s is changed on the wire", async (...[, path, change, why]) => {
      const words = await changing(path, change);
      expect(words).toContain("This does not verify");
      expect(words).toContain(why);
    });

    it("is red when the log is another one than this browser has seen", async () => {
      const seen = String(await page.evaluate(`localStorage["countersign.checkpoint"]`));
      const other = seen.replace(/"root":"./, (text) =>
        text.endsWith("A") ? text.replace(/.$/, "B") : text.replace(/.$/, "A"),
      );
      await page.evaluate(`localStorage["countersign.checkpoint"] = ${JSON.stringify(other)}`);
      expect(await verdict()).toContain("The log was rewritten");
      await page.getByRole("button", { name: "Forget what this browser remembers" }).click();
      await page.locator(".proof[data-verdict='verified']").waitFor();
    });

    it("is not red when something cannot be read", async () => {
      await page.route("**/ledger/checkpoint", async (route) => await route.abort());
      expect(await verdict()).toContain("Could not be verified");
      await page.unroute("**/ledger/checkpoint");
      expect(await verdict()).toContain("Verified in your browser");
    });
  });

  it("goes on after a restart of the control plane by itself", async () => {
    await page.goto(`${maya.api}/approvals`);
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    await page.evaluate(MARK);
    await client.close();
    await here.composed.close();
    await page.getByText("Not live.").waitFor();
    await here.start();
    const task = await laptop.openTask("coder", { purpose: "after the restart" });
    client = await mcpClient(task);
    await write("after.json");
    await page.getByRole("button", { name: /coder.*after\.json/ }).waitFor();
    await page.getByText("Not live.").waitFor({ state: "detached" });
    expect(await page.evaluate("window.sameDocument")).toBe(true);
    await laptop.json(`/v1/tasks/${task.id}/end`, {});
  });

  it("keeps in sight what was withdrawn because the session of the agent ended, and says so", async () => {
    const row = page.locator("tr", { hasText: "withdrawn: the agent's session ended" });
    await row.getByRole("button", { name: /coder.*after\.json/ }).click();
    await page.locator(".panel .facts").first().waitFor();
    expect(await page.locator(".panel").innerText()).toContain("withdrawn: the agent's session ended");
    await page.goto(`${maya.api}/approvals?state=void`);
    await row.waitFor();
  });

  describe("every page", () => {
    const paths = (): Readonly<Record<string, string>> => ({
      overview: "/",
      approvals: "/approvals",
      tasks: "/tasks",
      agents: `/agents?id=${agent}`,
      chain: `/agents/${agent}`,
      decisions: `/agents/${agent}?view=list`,
      freeze: "/freeze?state=all",
      ledger: "/ledger",
    });

    const found = async (axe: AxeBuilder): Promise<readonly string[]> => {
      const { violations } = await axe.setLegacyMode().analyze();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
    };

    it("has no finding of axe in both themes, and does not scroll sideways on a phone", async () => {
      for (const [name, path] of Object.entries(paths())) {
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
        await page.goto(`${maya.api}${path}`);
        await page.locator("main h1").waitFor();
        await page.locator(".skeletons").first().waitFor({ state: "detached" });
        expect(await found(new AxeBuilder({ page }).withTags(TAGS)), name).toEqual([]);
        await page.emulateMedia({ colorScheme: "dark" });
        expect(await found(new AxeBuilder({ page }).withRules(["color-contrast"])), `${name}, dark`).toEqual([]);
        await page.setViewportSize({ width: 360, height: 800 });
        await expect.poll(async () => await page.evaluate(TOO_WIDE), { message: name }).toEqual([]);
      }
    });
  });

  it("met no script error and nothing that the content security policy stops", () => {
    expect(faults.filter((fault) => !fault.includes("ERR_"))).toEqual([]);
  });
});
