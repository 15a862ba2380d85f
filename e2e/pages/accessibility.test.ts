import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PageServer, servePages } from "../../packages/server/src/pages/testing/page-server.ts";
import { samplePages } from "../../packages/server/src/pages/testing/sample-pages.ts";
import { launchBrowser, type TestBrowser } from "../browser.ts";

/** Parts that stand hidden until a flow shows them: shown here, so that they are looked at as well. */
const SHOW_ALL = `for (const part of document.querySelectorAll("main [hidden]")) part.hidden = false;
document.querySelector("#status")?.replaceChildren("Waiting for your passkey.");
document.querySelector("#error")?.replaceChildren("Nothing was signed.");
document.querySelector("details")?.setAttribute("open", "");`;
const OPEN_DIALOG = `document.querySelector("dialog").showModal();`;

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

describe.each(["light", "dark"] as const)("pages in %s", (colorScheme) => {
  describe.each([390, 1280])("at %i pixels", (width) => {
    let browser: TestBrowser;
    let server: PageServer;
    let page: Page;
    beforeAll(async () => {
      browser = await launchBrowser();
      page = await browser.newPage({ colorScheme, viewport: { width, height: 844 }, bypassCSP: true });
      server = await servePages(({ url }) => {
        const body = samplePages[(url ?? "").slice(1)]?.();
        return body === undefined ? null : { body };
      });
    });
    afterAll(async () => {
      await browser.close();
      await server.close();
    });

    it.each(Object.keys(samplePages))("%s has no fault that axe finds, and no sideways scrolling", async (name) => {
      await page.goto(`${server.origin}/${name}`);
      const dialogs = await page.locator("dialog").count();
      for (const prepare of dialogs === 0 ? [SHOW_ALL] : [SHOW_ALL, OPEN_DIALOG]) {
        await page.evaluate(prepare);
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(TAGS).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual([]);
        const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect(await page.evaluate(overflow)).toBe(0);
      }
    });
  });
});
