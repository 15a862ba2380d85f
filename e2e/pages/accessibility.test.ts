import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PageServer, servePages } from "../../packages/server/src/pages/testing/page-server.ts";
import { samplePages } from "../../packages/server/src/pages/testing/sample-pages.ts";
import { launchBrowser, type TestBrowser } from "../browser.ts";

/** Parts that stand hidden until a flow shows them: shown here, so that they are looked at as well. */
const SHOW_ALL = `for (const part of document.querySelectorAll("main [hidden]")) part.hidden = false;
document.querySelector("#status")?.replaceChildren("Waiting for your passkey.");
document.querySelector("#error")?.replaceChildren("Nothing was signed.");
document.querySelector("details")?.setAttribute("open", "");
document.querySelector("dialog")?.showModal();`;

describe.each(["light", "dark"] as const)("pages in %s", (colorScheme) => {
  describe.each([390, 1280])("at %i pixels", (width) => {
    let browser: TestBrowser;
    let server: PageServer;
    beforeAll(async () => {
      browser = await launchBrowser();
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
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 844 }, bypassCSP: true });
      await page.goto(`${server.origin}/${name}`);
      for (const prepare of ["", SHOW_ALL]) {
        await page.evaluate(prepare);
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(
          0,
        );
      }
      await page.context().close();
    });
  });
});
