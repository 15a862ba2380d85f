import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hostileDisplay, longDisplay } from "../../packages/server/src/pages/testing/sample-views.ts";
import { type Authenticator, launchBrowser, type TestBrowser } from "../browser.ts";
import { StandIn } from "./stand-in.ts";

let browser: TestBrowser;
let standIn: StandIn;
let page: Page;
let authenticator: Authenticator;
let faults: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  standIn = await StandIn.start();
  page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  authenticator = await browser.addAuthenticator(page);
  faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("Failed to load resource")) faults.push(message.text());
  });
});
afterEach(async () => {
  await page.context().close();
  await standIn.close();
  // No script error, and nothing that the content security policy had to stop.
  if (faults.length > 0) throw new Error(faults.join("\n"));
});

async function register(): Promise<void> {
  await page.goto(`${standIn.origin}/setup?token=t0ken`);
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByRole("button", { name: "Create passkey" }).click();
  await page.getByRole("heading", { name: "Welcome, Ada Lovelace" }).waitFor();
}
const approve = async (): Promise<void> => await page.getByRole("button", { name: "Approve" }).click();
const errorText = async (): Promise<string> => {
  await page.locator("#error:not(:empty)").waitFor();
  return await page.locator("#error").innerText();
};

describe("set-up", () => {
  it("makes a passkey, says what comes next and forgets the link", async () => {
    await register();
    expect(standIn.sent("/registration")).toMatchObject([{ setupToken: "t0ken", name: "Ada Lovelace" }]);
    expect(await authenticator.credentials()).toHaveLength(1);
    expect(new URL(page.url()).search).toBe("");
    expect(await page.getByText("countersign connect").isVisible()).toBe(true);
    expect(await page.evaluate("document.activeElement.id")).toBe("done");
  });

  it("has the cursor in the name field and asks for a name", async () => {
    await page.goto(`${standIn.origin}/setup?token=t`);
    expect(await page.evaluate("document.activeElement.id")).toBe("name");
    await page.keyboard.press("Enter");
    expect(await errorText()).toBe("Enter your name first.");
    expect(standIn.asked.filter(({ method }) => method === "POST")).toEqual([]);
  });

  it("says in place that the link has ended, and the command that makes another", async () => {
    standIn.setupOpen = false;
    await page.goto(`${standIn.origin}/setup?token=t`);
    await page.getByLabel("Your name").fill("Ada");
    await page.keyboard.press("Enter");
    expect(await errorText()).toContain("start `countersign up` again");
  });

  it("works where the browser has no JSON form of WebAuthn", async () => {
    await page.addInitScript(`
      delete PublicKeyCredential.parseCreationOptionsFromJSON;
      delete PublicKeyCredential.parseRequestOptionsFromJSON;
      delete PublicKeyCredential.prototype.toJSON;
    `);
    await register();
    await page.goto(standIn.approvalUrl);
    await approve();
    await page.getByText("Approved by Ada Lovelace").waitFor();
    expect(standIn.state).toBe("approved");
  });

  it("says so and lists the ways when the browser has no passkeys", async () => {
    await page.addInitScript("delete window.PublicKeyCredential");
    await page.goto(`${standIn.origin}/setup?token=t`);
    expect(await page.getByText("This browser cannot use passkeys.").isVisible()).toBe(true);
    expect(await page.getByText("Open it on your phone.").isVisible()).toBe(true);
    expect(await page.getByRole("button", { name: "Create passkey" }).isVisible()).toBe(false);
  });
});

describe("a browser without an authenticator of its own", () => {
  const capabilities = async (can: object): Promise<void> => {
    const answer = `async () => (${JSON.stringify(can)})`;
    await page.addInitScript(`PublicKeyCredential.getClientCapabilities = ${answer}`);
    await page.goto(`${standIn.origin}/sign-in`);
  };
  const ways = (): Locator => page.locator("#ways");

  it("lists the ways, and the flow stays open", async () => {
    await capabilities({ userVerifyingPlatformAuthenticator: false, hybridTransport: true });
    await ways().waitFor();
    expect(await ways().innerText()).toMatch(/phone:.*Bluetooth[^]*security key:[^]*password manager/);
    expect(await page.getByRole("button", { name: "Sign in with passkey" }).isEnabled()).toBe(true);
  });

  it("leaves out the phone where the browser cannot reach one", async () => {
    await capabilities({ userVerifyingPlatformAuthenticator: false, hybridTransport: false });
    await ways().waitFor();
    expect(await ways().innerText()).not.toContain("Bluetooth");
  });

  it("asks the older interface where the newer one is missing", async () => {
    await page.addInitScript(`
      delete PublicKeyCredential.getClientCapabilities;
      PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = async () => false;
    `);
    await page.goto(`${standIn.origin}/sign-in`);
    await ways().waitFor();
    expect(await ways().innerText()).toContain("security key");
  });

  it("says nothing where this device verifies its person", async () => {
    await page.goto(`${standIn.origin}/sign-in`);
    expect(await page.evaluate("PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()")).toBe(true);
    expect(await ways().isVisible()).toBe(false);
  });
});

describe("an invitation", () => {
  it("makes a passkey and gives the address that an administrator has to sign", async () => {
    await page.goto(`${standIn.origin}/invite?token=inv`);
    await page.getByLabel("Your name").fill("Grace Hopper");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Welcome, Grace Hopper" }).waitFor();
    expect(await page.locator("#to-sign").innerText()).toBe(standIn.approvalUrl);
  });
});

describe("sign-in", () => {
  it("comes back to the approval that it was asked for", async () => {
    await register();
    await page.context().clearCookies();
    await page.goto(standIn.approvalUrl);
    await page.getByRole("button", { name: "Sign in with passkey" }).click();
    await page.waitForURL(standIn.approvalUrl);
    expect(await page.getByRole("button", { name: "Approve" }).isEnabled()).toBe(true);
  });

  it("explains a refused verification of the person", async () => {
    await register();
    await authenticator.setUserVerified(false);
    await page.goto(`${standIn.origin}/sign-in`);
    await page.getByRole("button", { name: "Sign in with passkey" }).click();
    expect(await errorText()).toMatch(/^You are not signed in\. The passkey dialogue was closed or timed out/);
  });

  it("signs out", async () => {
    await register();
    await page.goto(standIn.approvalUrl);
    const asked = page.waitForRequest((request) => request.method() === "DELETE");
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(new URL((await asked).url()).pathname).toBe("/v1/session");
  });
});

describe("the console while it is built", () => {
  it("opens by itself when it is there", async () => {
    await register();
    standIn.building = true;
    await page.goto(standIn.origin);
    await page.getByRole("heading", { name: "The console is being built" }).waitFor();
    standIn.building = false;
    await page.getByRole("heading", { name: "The console", exact: true }).waitFor();
    expect(standIn.asked.filter(({ path }) => path === "/").length).toBeGreaterThan(1);
  });
});

describe("an approval", () => {
  beforeEach(register);

  it("is signed over what is shown, and then shows what happened", async () => {
    await page.goto(standIn.approvalUrl);
    await approve();
    await page.getByText("Approved by Ada Lovelace").waitFor();
    expect(standIn.state).toBe("approved");
    expect(await page.title()).toBe("Approved: mcp:files/write_file · Countersign");
    expect(await page.evaluate("document.activeElement.id")).toBe("outcome");
    expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
  });

  it("says at least that it was signed when the server cannot show it any more", async () => {
    await page.goto(standIn.approvalUrl);
    standIn.erased = true;
    await approve();
    await page.locator("#outcome").waitFor();
    expect(await page.locator("#outcome").innerText()).toBe("Approved");
    expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
  });

  it("is denied with a reason, signed as well", async () => {
    await page.goto(standIn.approvalUrl);
    await page.getByRole("button", { name: "Deny" }).click();
    await page.getByLabel("Why not?").fill("not today");
    await page.getByRole("button", { name: "Deny with passkey" }).click();
    await page.getByText("Denied by Ada Lovelace").waitFor();
    expect(standIn.sent("/assertion")).toMatchObject([{ decision: "deny", scope: "once", reason: "not today" }]);
  });

  it("has the cursor in the reason where the address asks for a denial", async () => {
    await page.goto(`${standIn.approvalUrl}#reason`);
    await page.keyboard.type("not today");
    expect(await page.getByLabel("Why not?").inputValue()).toBe("not today");
  });

  it("offers a way on once it is answered", async () => {
    await page.goto(standIn.approvalUrl);
    expect(await page.getByRole("link", { name: "see what else waits" }).count()).toBe(0);
    await approve();
    const on = page.getByRole("link", { name: "see what else waits" });
    await on.waitFor();
    expect(await on.getAttribute("href")).toBe("/approvals");
  });

  it("shows hostile text harmlessly and still signs exactly it", async () => {
    standIn.display = { ...standIn.display, ...hostileDisplay, expiresAt: standIn.display.expiresAt };
    await page.goto(standIn.approvalUrl);
    expect(await page.locator("main script:not([type='application/json']), main img").count()).toBe(0);
    await approve();
    await page.getByText("Approved by Ada Lovelace").waitFor();
  });

  it("opens Approve only when every part was shown", async () => {
    standIn.display = { ...standIn.display, content: longDisplay.content };
    await page.goto(standIn.approvalUrl);
    const button = page.getByRole("button", { name: "Approve" });
    for (const number of [2, 3, 4]) {
      expect(await button.isDisabled()).toBe(true);
      await page.getByRole("button", { name: `Show part ${number} of 4` }).click();
    }
    expect(await button.isEnabled()).toBe(true);
    await approve();
    await page.getByText("Approved by Ada Lovelace").waitFor();
  });

  it("shows what others did, without being asked", async () => {
    await page.goto(standIn.approvalUrl);
    standIn.state = "void";
    standIn.outcome = { at: new Date().toISOString(), by: null, cause: "a freeze covers it" };
    await page.getByText("a freeze covers it").waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("outcome");
  });

  it("says when it was answered in between", async () => {
    await page.goto(standIn.approvalUrl);
    await page.context().clearCookies();
    await approve();
    expect(await errorText()).toContain("Your session has ended. Sign in again");
    expect(await page.getByRole("link", { name: "Sign in again" }).getAttribute("href")).toContain(
      "next=%2Fapprove%2Fapr_",
    );
  });

  it("counts down by the server's clock", async () => {
    await page.clock.install({ time: Date.now() - 3_600_000 });
    await page.goto(standIn.approvalUrl);
    expect(await page.locator("#left").innerText()).toMatch(/^(10:00|9:5\d)$/);
  });
});

describe("what the page refuses to sign", () => {
  beforeEach(register);
  afterEach(() => {
    if (standIn.sent("/assertion").length > 0) throw new Error("an assertion was sent");
  });

  it.each([
    [
      "a challenge of something else",
      () => (standIn.tamper = (signed) => ({ signed, challenge: "A".repeat(43) })),
      "not the digest",
    ],
    [
      "another preview",
      () => {
        standIn.tamper = (signed, challenge) => ({ signed: { ...signed, previewDigest: "x" }, challenge });
      },
      "not the digest",
    ],
  ])("refuses %s", async (_, turn, text) => {
    turn();
    await page.goto(standIn.approvalUrl);
    await approve();
    expect(await errorText()).toContain(`Nothing was signed. The challenge is ${text}`);
  });

  it("refuses when the call changed after it was shown", async () => {
    await page.goto(standIn.approvalUrl);
    standIn.display = { ...standIn.display, content: '{"content":"[1]"}' };
    await approve();
    expect(await errorText()).toContain("What would be signed is not what this page shows.");
  });

  it.each(["[data-from='sentence']", "[data-from='content'] bdi", "[data-from='human.name']", "[data-from='effect']"])(
    "refuses when something changed %s on the page",
    async (place) => {
      await page.goto(standIn.approvalUrl);
      await page.evaluate(`document.querySelector(${JSON.stringify(place)}).textContent += " (safe)"`);
      await approve();
      expect(await errorText()).toContain("What would be signed is not what this page shows.");
    },
  );
});
