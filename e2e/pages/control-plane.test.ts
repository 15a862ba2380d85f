import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, type TestBrowser } from "../browser.ts";
import { Installation } from "../support/installation.ts";

/** The pages on the real control plane, by a person with a real browser, from the set-up link on. */
describe("the pages on a control plane", () => {
  let installation: Installation;
  let browser: TestBrowser;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    installation = await Installation.create();
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await browser.addAuthenticator(page);
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("Failed to load resource"))
        faults.push(message.text());
    });
  });
  afterAll(async () => {
    await browser.close();
    await installation.close();
  });

  const post = async <T>(path: string, body: unknown): Promise<T> =>
    await page.evaluate<T>(`fetch(${JSON.stringify(path)}, {
      method: "POST", headers: { "content-type": "application/json" }, body: ${JSON.stringify(JSON.stringify(body))},
    }).then((answer) => answer.json())`);
  const approve = async (): Promise<void> => {
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator("#outcome", { hasText: "Approved" }).waitFor();
  };

  it("makes the first human", async () => {
    await page.goto(installation.composed.setupUrl ?? "");
    await page.getByLabel("Your name").fill("Alice Example");
    await page.getByRole("button", { name: "Create passkey" }).click();
    await page.getByRole("heading", { name: "Welcome, Alice Example" }).waitFor();
    await page.getByRole("link", { name: "Open the overview" }).click();
    await page.waitForURL(`${installation.composed.api}/`);
    expect(await page.title()).toContain("Countersign");
  });

  it("signs a change of rights", async () => {
    const { approvalId } = await post<{ approvalId: string }>("/v1/agents", {
      name: "coder",
      owner: "me",
      purpose: "keep the records tidy",
      grants: [{ action: "mcp:files/*", resource: "**" }],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await page.goto(`${installation.composed.api}/approve/${approvalId}`);
    expect(await page.locator("[data-from='content']").innerText()).toContain("keep the records tidy");
    await approve();
  });

  it("brings in a second person, whom the first has to sign", async () => {
    const { url } = await post<{ url: string }>("/v1/humans/invites", { roles: ["auditor"] });
    const other = await browser.newPage();
    await browser.addAuthenticator(other);
    await other.goto(url);
    await other.getByLabel("Your name").fill("Bob Example");
    await other.keyboard.press("Enter");
    await other.getByRole("heading", { name: "Welcome, Bob Example" }).waitFor();
    const address = await other.locator("#to-sign").innerText();
    await page.goto(address);
    await approve();
    await other.goto(`${installation.composed.api}/sign-in`);
    await other.getByRole("button", { name: "Sign in with passkey" }).click();
    await other.waitForURL(`${installation.composed.api}/`);
    await other.goto(`${installation.composed.api}/sign-in`);
    expect(await other.locator(".person").innerText()).toBe("Bob Example");
    await other.context().close();
  });

  it("refuses the used link and an unknown approval in words", async () => {
    await page.goto(installation.composed.setupUrl ?? `${installation.composed.api}/setup?token=used`);
    expect(await page.getByRole("heading", { name: "This set-up link is closed" }).isVisible()).toBe(true);
    await page.goto(`${installation.composed.api}/approve/apr_0000000000000000000000`);
    expect(await page.getByRole("heading", { name: "Nothing to approve here" }).isVisible()).toBe(true);
  });

  it("met no script error and nothing that the content security policy stops", () => {
    expect(faults).toEqual([]);
  });
});
