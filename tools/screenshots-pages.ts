import { mkdir } from "node:fs/promises";
import { launchBrowser } from "../e2e/browser.ts";
import { servePages } from "../packages/server/src/pages/testing/page-server.ts";
import { samplePages } from "../packages/server/src/pages/testing/sample-pages.ts";

/** `node tools/screenshots-pages.ts [NAME…]`: every page in both themes, at phone and desktop width, into `out/pages/`. */
const folder = new URL("../out/pages/", import.meta.url);
const wanted = process.argv.slice(2);
const names = wanted.length === 0 ? Object.keys(samplePages) : wanted;
const clock = new Date("2026-11-22T09:31:00.000Z");

await mkdir(folder, { recursive: true });
const server = await servePages(({ url }) => {
  const page = samplePages[(url ?? "").slice(1)];
  return page === undefined ? null : { body: page() };
});
const browser = await launchBrowser();
try {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [390, 1280]) {
      const page = await browser.newPage({
        colorScheme,
        viewport: { width, height: 844 },
        deviceScaleFactor: width < 600 ? 2 : 1,
      });
      await page.clock.setFixedTime(clock);
      for (const name of names) {
        await page.goto(`${server.origin}/${name}`);
        const path = new URL(`${name}-${colorScheme}-${width}.png`, folder).pathname;
        await page.screenshot({ path, fullPage: true });
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
}
console.log(`${names.length * 4} pictures in out/pages/`);
