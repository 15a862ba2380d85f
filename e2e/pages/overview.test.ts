import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { frozenOverview } from "../../packages/server/src/pages/testing/sample-views.ts";
import { launchBrowser, type TestBrowser } from "../browser.ts";
import { StandIn } from "./stand-in.ts";

const AT = "2026-11-22T09:31:02.000Z";
const point = (number: number, how: "acknowledged" | "lease_expired" = "acknowledged") => ({
  id: `ep_00Gx1000000000000000a${number}`,
  name: `point ${number}`,
  how,
  at: AT,
  inFlight: number === 2 ? [{ intent: "int_1", disposition: "unknown" }] : [],
});

describe("the overview", () => {
  let browser: TestBrowser;
  let standIn: StandIn;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    standIn = await StandIn.start();
    page = await browser.newPage();
    await browser.addAuthenticator(page);
    await page.goto(`${standIn.origin}/setup?token=t`);
    await page.getByLabel("Your name").fill("Ada");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Open the overview" }).click();
    await page.getByRole("heading", { name: "2 approvals waiting" }).waitFor();
  });
  afterEach(async () => {
    await page.context().close();
    await standIn.close();
  });
  const steps = async (): Promise<string[]> =>
    (await page.locator(".progress li").allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " ").trim());

  it("asks for a reason before it freezes", async () => {
    await page.getByRole("button", { name: "Freeze everything" }).click();
    expect(await page.getByText("Enter a reason first").first().isVisible()).toBe(true);
    expect(standIn.sent("/v1/brakes")).toEqual([]);
  });

  it("shows a freeze point by point and never as done before the receipt", async () => {
    standIn.progress = [
      { id: "brk_1", state: "stopping" },
      { id: "brk_1", state: "stopping", points: [point(1)] },
    ];
    await page.getByLabel("Reason").first().fill("code freeze");
    await page.getByRole("button", { name: "Freeze everything" }).click();
    await page.locator("#step-confirmed", { hasText: "1 of 3" }).waitFor();
    expect(standIn.sent("/v1/brakes")).toEqual([
      { kind: "freeze", scope: { type: "all", value: "*" }, reason: "code freeze" },
    ]);
    expect((await steps()).at(-1)).toBe("Stopped");
    standIn.overview = frozenOverview;
    standIn.progress = [
      { id: "rcp_1", state: "stopped", settledAt: AT, points: [point(1), point(2), point(3, "lease_expired")] },
    ];
    await page.locator("#step-stopped[data-done]").waitFor();
    expect((await steps())[1]).toBe("Confirmed by 3 of 3");
    const points = await page.locator("#points li").allInnerTexts();
    expect(points[0]).toMatch(/^gateway \(this process\) confirmed .*, nothing in flight$/);
    expect(points[1]).toMatch(/^gateway-eu-2 confirmed .*, in flight: sent before, may have happened$/);
    expect(points[2]).toMatch(/^gateway-us-1 lease ran out /);
    await page.getByRole("heading", { name: "Everything is frozen" }).waitFor();
  });

  it("severs one task after naming what that means", async () => {
    standIn.progress = [{ id: "rcp_1", state: "stopped", settledAt: AT, points: [point(1), point(2), point(3)] }];
    await page.getByRole("button", { name: "Sever the task of mail-triage" }).click();
    const dialog = page.getByRole("dialog", { name: "Sever this task?" });
    expect(await dialog.innerText()).toContain("mail-triage Answer support mail");
    await dialog.getByRole("button", { name: "Sever" }).click();
    expect(await dialog.getByText("Enter a reason first").isVisible()).toBe(true);
    await dialog.getByLabel("Reason").fill("odd");
    await page.keyboard.press("Enter");
    await page.locator("#step-stopped[data-done]").waitFor();
    expect(standIn.sent("/v1/brakes")).toEqual([
      { kind: "sever", scope: { type: "task", value: "tsk_00Gx2A8p2mVbN6yRkXh0Qf" }, reason: "odd" },
    ]);
  });

  it("leads from a thaw to the approval that it needs", async () => {
    await page.getByRole("button", { name: "Thaw" }).click();
    await page.waitForURL(standIn.approvalUrl);
    expect(standIn.sent("/thaw")).toHaveLength(1);
  });

  it("keeps up with what happens elsewhere", async () => {
    standIn.overview = frozenOverview;
    await page.getByRole("heading", { name: "Everything is frozen" }).waitFor();
    expect(await page.title()).toBe("Frozen · Countersign");
    expect(await page.getByText("Nothing waits for you.").isVisible()).toBe(true);
  });
});
