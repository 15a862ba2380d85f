import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, launchBrowser } from "./browser.ts";
import { signedIn } from "./console/signed-in.ts";
import { eventually } from "./fail-modes/eventually.ts";
import { World } from "./fail-modes/world.ts";

const LONG = 200_000;
const HOUR_MS = 3_600_000;

/** What `/readyz` of the server says. */
interface Ready {
  readonly status: number;
  readonly leaseLost: readonly string[];
  readonly silent: readonly string[];
}

describe("a lost lease is said", () => {
  let world: World;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await World.create({ buildConsole: true });
    browser = await launchBrowser();
    page = await browser.newPage();
    await signedIn(page, world.alice);
    await page.goto(world.composed.api);
    await page.locator("h1").first().waitFor();
  }, LONG);
  afterAll(async () => {
    await browser.close();
    await world.close();
  }, LONG);

  async function ready(): Promise<Ready> {
    const { status, body } = await world.ready("own");
    return { status, ...(JSON.parse(body) as Omit<Ready, "status">) };
  }
  const said = async (): Promise<string> => await Promise.resolve(world.told.at(-1) ?? "");
  const banner = (name: string): ReturnType<Page["locator"]> =>
    page.locator(".banner[data-tone=bad]").filter({ hasText: name });

  it("of a gateway: at both ends, while its lease may run and when it stays away", { timeout: LONG }, async () => {
    expect(await ready()).toMatchObject({ status: 200, leaseLost: [], silent: [] });
    expect(await world.check("leases")).toBe("ok");
    world.wire.cut();
    await eventually("ready", ready, ({ status, leaseLost }) => status === 503 && leaseLost.join() === "edge");
    await eventually(
      "the gateway",
      async () => await world.ready("joined"),
      ({ status }) => status === 503,
    );
    await eventually("stderr", said, (line) => line.includes("denying"));
    await banner("edge").waitFor();
    expect(await banner("edge").innerText()).toMatch(
      /^No lease: edge since \S.+\. It denies everything until it has one again\.$/,
    );
    // Somebody must look after it; the server has nothing to do with that any more.
    await eventually("away", ready, ({ status, silent }) => status === 200 && silent.join() === "edge");
    expect(await world.check("leases")).toBe("warning");
    expect(await banner("edge").isVisible()).toBe(true);

    world.wire.heal();
    await eventually("back", ready, ({ silent }) => silent.length === 0);
    await eventually(
      "serving",
      async () => await world.ready("joined"),
      ({ status }) => status === 200,
    );
    await eventually("stderr", said, (line) => line.includes("serving"));
    await banner("edge").waitFor({ state: "detached" });
    expect(await world.check("leases")).toBe("ok");
  });

  it("of the points of the control plane itself", { timeout: LONG }, async () => {
    world.ownClocks.wall = HOUR_MS;
    await eventually("ready", ready, ({ status, leaseLost }) => status === 503 && leaseLost.join() === "mcp,hooks");
    expect(await world.check("leases")).toBe("failed");
    // Also when everybody else has taken them for gone.
    await eventually(
      "away",
      async () => await world.alice.json<Points>("/v1/points"),
      ({ points }) => points.some(({ name, status }) => name === "mcp" && status === "away"),
    );
    expect(await ready()).toMatchObject({ status: 503, leaseLost: ["mcp", "hooks"] });
    expect(await world.check("leases")).toBe("failed");
    await banner("mcp").waitFor();
    expect(await banner("mcp").innerText()).toMatch(
      /^No lease: mcp since \S.+, hooks since \S.+\. They deny everything/,
    );
    world.ownClocks.wall = 0;
    await eventually("ready", ready, ({ status }) => status === 200);
    await banner("mcp").waitFor({ state: "detached" });
  });

  it("of a gateway that ended in order, nobody is told", { timeout: LONG }, async () => {
    await world.gateway.close();
    await eventually(
      "left",
      async () => await world.alice.json<Points>("/v1/points"),
      ({ points }) =>
        points.some(({ name, status, lease }) => name === "edge" && status === "away" && lease === "none"),
    );
    expect(await ready()).toMatchObject({ status: 200, leaseLost: [], silent: [] });
    expect(await world.check("leases")).toBe("ok");
    expect(await banner("edge").count()).toBe(0);
  });
});

interface Points {
  readonly points: readonly { readonly name: string; readonly status: string; readonly lease: string }[];
}
