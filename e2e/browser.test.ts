import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../packages/cli/src/demo/chromium-path.ts";
import { launchBrowser, type TestBrowser } from "./browser.ts";

describe("the test browser", () => {
  let browser: TestBrowser;
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((_request, response) =>
      response.setHeader("content-type", "text/html").end("<title>t</title>"),
    );
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  it("holds a passkey and carries it to another page", { timeout: 60_000 }, async () => {
    const first = await browser.newPage();
    const authenticator = await browser.addAuthenticator(first);
    await first.goto(origin);
    const made = await first.evaluate(`navigator.credentials.create({ publicKey: {
      challenge: new Uint8Array(32),
      rp: { id: "localhost", name: "test" },
      user: { id: new Uint8Array([1]), name: "ada", displayName: "Ada" },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    } }).then((made) => made.id)`);
    const [credential] = await authenticator.credentials();
    expect(credential?.rpId).toBe("localhost");

    const second = await browser.newPage();
    await (await browser.addAuthenticator(second)).add(credential!);
    await second.goto(origin);
    const used = await second.evaluate(`navigator.credentials.get({ publicKey: {
      challenge: new Uint8Array(32),
      userVerification: "required",
    } }).then((used) => used.id)`);
    expect(used).toBe(made);
  });

  it("refuses a path that does not exist", async () => {
    await expect(chromiumPath({ COUNTERSIGN_CHROMIUM: "/nowhere/chromium" })).rejects.toThrow("does not exist");
  });
});
