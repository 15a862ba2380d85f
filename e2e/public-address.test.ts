import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTls } from "../packages/server/src/config/tls.ts";
import { type TestBrowser, launchBrowser } from "./browser.ts";
import { type Certificate, SYSTEM, hasProgram, selfSigned } from "./support/certificate.ts";
import { CommandLine, type Started } from "./support/command-line.ts";

const NAME = "countersign.test";
const hasOpenssl = hasProgram("openssl", "version");
const hasNginx = hasProgram("nginx", "-v");

describe.skipIf(!hasOpenssl)("a name of its own (openssl)", () => {
  let folder = "";
  let cli: CommandLine;
  let browser: TestBrowser;
  let ours: Certificate;
  const running: Started[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-name-"));
    cli = new CommandLine(folder);
    ours = selfSigned(folder, NAME);
    browser = await launchBrowser(
      `--host-resolver-rules=MAP ${NAME} 127.0.0.1`,
      `--ignore-certificate-errors-spki-list=${ours.pin}`,
    );
  });
  afterAll(async () => {
    await browser.close();
    for (const one of running) one.child.kill("SIGKILL");
    await Promise.all(running.map(async (one) => await one.ended));
    await rm(folder, { recursive: true, force: true });
  });

  async function configured(api: number): Promise<string> {
    const file = join(folder, `${String(api)}.yaml`);
    await writeFile(file, `listen: { api: "127.0.0.1:${String(api)}", gateway: 127.0.0.1:0 }\n`);
    return file;
  }
  async function up(...args: string[]): Promise<{ readonly api: string; readonly setupUrl: string; up: Started }> {
    const started = cli.start(["up", "--json", ...args]);
    running.push(started);
    return { ...(JSON.parse(await started.firstLine("stdout")) as { api: string; setupUrl: string }), up: started };
  }
  async function stop({ child, ended }: Started): Promise<void> {
    child.kill("SIGTERM");
    await ended;
  }

  /** The first person makes a passkey, and signs something with it. */
  async function signsAt(page: Page, { api, setupUrl }: { api: string; setupUrl: string }): Promise<string> {
    expect(setupUrl).toContain(`${api}/setup?token=`);
    await page.goto(setupUrl);
    await page.getByLabel("Your name").fill("Alice Example");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Welcome, Alice Example" }).waitFor();
    const made = await page.evaluate<{ url: string }>(`fetch("/v1/agents", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({
        name: "coder", owner: "me", purpose: "tidy", grants: [{ action: "mcp:files/*", resource: "**" }],
        expiresAt: new Date(Date.now() + 86400000).toISOString(),
      }) }).then((answer) => answer.json())`);
    await page.goto(made.url);
    const address = await page.locator("#on-phone code").textContent();
    expect(address).toBe(made.url);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Approved by Alice Example").waitFor();
    return made.url;
  }

  it("ends TLS with its own certificate; a phone is shown the way; another address later is refused", async () => {
    const port = await freePort();
    const url = `https://${NAME}:${String(port)}`;
    const tls = ["--tls-cert", ours.cert, "--tls-key", ours.key];
    const given = ["--data", "tls", "--config", await configured(port)];
    const first = await up(...given, "--url", url, ...tls);
    expect(first.api).toBe(url);
    const page = await browser.newPage();
    await browser.addAuthenticator(page);
    await signsAt(page, first);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: "Strict" });
    await stop(first.up);

    const again = await up(...given, ...tls, "--url", "https://other.example");
    expect(again.api).toBe(url);
    await page.goto(`${url}/sign-in`);
    await page.getByRole("button", { name: "Sign in with passkey" }).click();
    await page.waitForURL(`${url}/`);
    const untrusted = await cli.problem("login", "--server", url.replace(NAME, "localhost"));
    expect(untrusted).toMatchObject({ detail: expect.stringContaining("NODE_EXTRA_CA_CERTS") });
    await stop(again.up);
    expect(await cli.problem("up", ...given)).toMatchObject({ exit: 1, code: "config.invalid" });
    await page.context().close();
  });

  it("refuses a certificate that no browser would accept", async () => {
    const { cert, key } = selfSigned(folder, "wrong.test");
    const args = ["--url", `https://${NAME}`, "--tls-cert", cert, "--tls-key", key];
    const problem = await cli.problem("up", "--data", "none", ...args);
    expect(problem).toMatchObject({ exit: 1, code: "config.invalid", detail: expect.stringContaining("is not for") });
  });

  it.each([
    ["a file that is not there", () => ({ cert: "none.crt" }), "cannot be read"],
    ["a key in the place of a certificate", () => ({ cert: ours.key }), "holds no certificate"],
    ["a certificate in the place of a key", () => ({ key: ours.cert }), "holds no private key"],
    ["the key of another", () => ({ key: selfSigned(folder, "other.test").key }), "is not the key of"],
    ["a certificate of another name", () => selfSigned(folder, "wrong.test"), "is not for"],
    ["a certificate that has ended", () => ({ now: Date.now() + 2 * 86_400_000 }), "ended on"],
  ])("refuses %s", async (_, change, says) => {
    const { now, ...files } = { ...ours, now: Date.now(), ...change() };
    expect(await readTls(ours, { host: NAME, now: Date.now() })).toMatchObject({ cert: expect.any(Buffer) });
    const refused = await readTls(files, { host: NAME, now }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "config.invalid", detail: expect.stringContaining(says) });
    expect(inspect(refused)).not.toContain("PRIVATE KEY-");
  });

  describe.skipIf(!hasNginx)("behind a proxy (nginx)", () => {
    it("works behind the proxy of the document, and believes nothing that a proxy says", async () => {
      const [port, behind] = [await freePort(), await freePort()];
      const url = `https://${NAME}:${String(port)}`;
      const nginx = await proxy(folder, { port, behind, certificate: ours });
      const given = ["--data", "proxied", "--config", await configured(behind), "--url", url, "--behind-proxy"];
      const server = await up(...given);
      try {
        const page = await browser.newPage();
        await browser.addAuthenticator(page);
        const signed = await signsAt(page, server);
        await page.context().close();
        const forged = {
          "x-forwarded-host": new URL(url).host,
          "x-forwarded-proto": "https",
          forwarded: `host=${NAME}`,
        };
        expect(await statusOf(behind, { host: "evil.example", ...forged })).toBe(403);
        expect(await statusOf(behind, { host: new URL(url).host, "x-forwarded-host": "evil.example" })).toBe(200);
        // A proxy that does not pass the name on is not sent in a circle.
        expect(await statusOf(behind, { host: `127.0.0.1:${String(behind)}`, accept: "text/html" })).toBe(200);
        expect(signed).toContain(url);
      } finally {
        nginx.kill("SIGTERM");
        await once(nginx, "exit");
      }
    });
  });
});

/** nginx with the configuration that the document shows, at other ports. */
async function proxy(
  folder: string,
  { port, behind, certificate }: { port: number; behind: number; certificate: Certificate },
): Promise<ChildProcess> {
  const text = await readFile(new URL("../docs/operate/public-address.md", import.meta.url), "utf8");
  const [, shown = ""] = /```nginx\n([^]*?)```/.exec(text) ?? [];
  const server = shown
    .replace("listen 443", `listen 127.0.0.1:${String(port)}`)
    .replace("countersign.example", NAME)
    .replace("fullchain.pem", certificate.cert)
    .replace("key.pem", certificate.key)
    .replace("127.0.0.1:7330", `127.0.0.1:${String(behind)}`);
  const home = join(folder, "nginx");
  await mkdir(home);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  );
  const http = `events {}\nhttp { access_log off; ${paths.join(" ")}\n${server}}\n`;
  await writeFile(join(home, "nginx.conf"), `daemon off; pid ${home}/pid; error_log stderr notice;\n${http}`);
  const child = spawn("nginx", ["-p", home, "-c", join(home, "nginx.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: SYSTEM,
  });
  let said = "";
  while (!said.includes("start worker process")) {
    const over = once(child, "exit").then(() => Promise.reject(new Error(said)));
    const [part] = (await Promise.race([once(child.stderr, "data"), over])) as [Buffer];
    said += part.toString("utf8");
  }
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function statusOf(port: number, headers: Record<string, string>): Promise<number | undefined> {
  const asked = request({ port, host: "127.0.0.1", path: "/sign-in", headers }).end();
  const [response] = (await once(asked, "response")) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode;
}
