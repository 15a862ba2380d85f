import type { Page } from "playwright-core";
import type { TestBrowser } from "../browser.ts";

/** A person with a real browser: one page that holds the passkey and signs, and as many others as they like beside it. */
export class BrowserUser {
  readonly api: string;
  readonly signer: Page;

  private constructor(api: string, signer: Page) {
    this.api = api;
    this.signer = signer;
  }

  /** Registers by the set-up link or an invitation. */
  static async register(browser: TestBrowser, link: string, name: string): Promise<BrowserUser> {
    const signer = await browser.newPage();
    await browser.addAuthenticator(signer);
    await signer.goto(link);
    await signer.getByLabel("Your name").fill(name);
    await signer.getByRole("button", { name: "Create passkey" }).click();
    await signer.getByRole("heading", { name: `Welcome, ${name}` }).waitFor();
    return new BrowserUser(new URL(link).origin, signer);
  }

  /** Another page of the same browser, signed in. */
  async open(path: string): Promise<Page> {
    const page = await this.signer.context().newPage();
    await page.goto(`${this.api}${path}`);
    return page;
  }

  /** Asks the control plane as a page of it does. */
  async json<T>(path: string, body?: unknown): Promise<T> {
    const init =
      body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return await this.signer.evaluate<T>(
      `fetch(${JSON.stringify(path)}, ${JSON.stringify(init)}).then((answer) => answer.json())`,
    );
  }

  async approve(id: string): Promise<void> {
    await this.signer.goto(`${this.api}/approve/${id}`);
    await this.signer.getByRole("button", { name: "Approve" }).click();
    await this.signer.locator("#outcome", { hasText: "Approved" }).waitFor();
  }
}
