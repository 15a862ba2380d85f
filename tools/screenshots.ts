import { mkdir } from "node:fs/promises";
import type { Page } from "playwright-core";
import { type TestBrowser, launchBrowser } from "../e2e/browser.ts";
import { type Scene, openScene } from "../e2e/console/scene.ts";
import { signedIn } from "../e2e/console/signed-in.ts";

/**
 * `npm run screenshots [-- NAME…]`: every page of the console and every page that signs, of a real installation with some work in it, in
 * both themes, at desktop and phone width, into `out/screenshots/`.
 */
const folder = new URL("../out/screenshots/", import.meta.url);
const wanted = process.argv.slice(2);

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What is done on the page before the picture. */
  readonly act?: (page: Page) => Promise<void>;
  /** Whoever is not signed in sees it. */
  readonly signedOut?: boolean;
}

const scene = await openScene();
const browser = await launchBrowser();
try {
  await mkdir(folder, { recursive: true });
  const pictures = (await picturesOf(scene)).filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1440, 390]) await takeAll(browser, pictures, { colorScheme, width });
  }
  console.log(`${String(pictures.length * 4)} pictures in out/screenshots/`);
} finally {
  await browser.close();
  await scene.close();
}

async function picturesOf({ maya, agents, tasks, held, denied, consumed, brake }: Scene): Promise<readonly Picture[]> {
  const { entries } = await maya.json<{ entries: { body: { id: string } }[] }>(
    "/v1/ledger/entries?reverse=1&limit=1&kind=decision",
  );
  const entry = entries[0]?.body.id ?? "";
  const proposed = await maya.json<{ approvalId: string }>(`/v1/brakes/${brake}/thaw`, {});
  const { url: invitation } = await maya.json<{ url: string }>("/v1/humans/invites", { roles: ["auditor"] });
  const chain = `/agents/${agents.tidy}`;
  return [
    { name: "overview", path: "/" },
    { name: "approvals", path: "/approvals" },
    { name: "approval", path: `/approvals?id=${held}` },
    { name: "approvals-denied", path: `/approvals?state=denied&id=${denied}` },
    { name: "tasks", path: "/tasks" },
    { name: "task", path: `/tasks?id=${tasks.tidy.id}` },
    { name: "agents", path: "/agents" },
    { name: "agent", path: `/agents?id=${agents.triage}` },
    { name: "chain", path: chain },
    { name: "decisions", path: `${chain}?view=list` },
    { name: "agent-tasks", path: `${chain}?view=tasks` },
    { name: "mandates", path: `${chain}?view=mandates` },
    { name: "grants", path: `${chain}?view=about` },
    { name: "freeze", path: "/freeze" },
    { name: "stop", path: `/freeze?id=${brake}` },
    { name: "freeze-dialog", path: "/", act: opened("f") },
    { name: "palette", path: "/", act: opened("Control+k") },
    { name: "keys", path: "/", act: opened("?") },
    { name: "ledger", path: "/ledger" },
    { name: "entry", path: `/ledger?id=${entry}`, act: verified },
    { name: "search", path: "/ledger?q=records-keeper" },
    { name: "no-match", path: "/agents?q=nobody" },
    { name: "sign-held", path: `/approve/${held}` },
    { name: "sign-change", path: `/approve/${proposed.approvalId}` },
    { name: "sign-denied", path: `/approve/${denied}` },
    { name: "sign-done", path: `/approve/${consumed}` },
    { name: "sign-none", path: "/approve/apr_0000000000000000000000" },
    { name: "sign-in", path: "/sign-in", signedOut: true },
    { name: "invite", path: invitation, signedOut: true },
    { name: "setup-closed", path: "/setup?token=used", signedOut: true },
  ];
}

/** A key opens a dialog. */
function opened(key: string): (page: Page) => Promise<void> {
  return async (page) => {
    await page.keyboard.press(key);
    await page.getByRole("dialog").waitFor();
  };
}

async function verified(page: Page): Promise<void> {
  await page.locator('.proof[data-verdict="verified"]').waitFor();
}

interface Look {
  readonly colorScheme: "light" | "dark";
  readonly width: number;
}

async function takeAll(driven: TestBrowser, pictures: readonly Picture[], { colorScheme, width }: Look): Promise<void> {
  const phone = width < 600;
  const look = {
    colorScheme,
    viewport: { width, height: phone ? 844 : 900 },
    deviceScaleFactor: phone ? 2 : 1,
    reducedMotion: "reduce",
  } as const;
  const [inside, outside] = [await driven.newPage(look), await driven.newPage(look)];
  await signedIn(inside, scene.maya);
  await driven.addAuthenticator(inside);
  await driven.addAuthenticator(outside);
  for (const { name, path, act, signedOut } of pictures) {
    const page = signedOut === true ? outside : inside;
    await page.goto(new URL(path, scene.here.composed.api).href);
    await settled(page);
    await act?.(page);
    await settled(page);
    const file = new URL(`${name}-${colorScheme}-${phone ? "phone" : "desktop"}.png`, folder).pathname;
    if (phone) await page.setViewportSize({ width, height: await heightOf(page) });
    await page.screenshot({ path: file });
    await page.setViewportSize(look.viewport);
  }
  await inside.context().close();
  await outside.context().close();
}

/** All of it in one picture: what sticks to an edge is then at its edge. */
async function heightOf(page: Page): Promise<number> {
  return Math.max(844, Number(await page.evaluate("document.documentElement.scrollHeight")));
}

/** Nothing is being read and nothing moves. */
async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.locator(".skeletons, .spin").first().waitFor({ state: "detached" });
  await page.evaluate(
    "Promise.allSettled([document.fonts.ready, ...document.getAnimations().map((one) => one.finished)])",
  );
}
