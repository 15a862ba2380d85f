import { AppError, type JsonObject } from "@countersign/core";
import type { Page } from "playwright-core";
import { type DrivenBrowser, launchBrowser } from "../browser.ts";
import type { Commands } from "../commands.ts";
import type { Person, Seen, Waiting } from "./person.ts";

const PAGE_MS = 60_000;
const NAME = "Maya Okafor";

/** A person whose hands are a script: real Chromium, the real pages, a virtual authenticator that signs for real. */
export class BrowserPerson implements Person {
  readonly #browser: DrivenBrowser;
  readonly #page: Page;

  private constructor(browser: DrivenBrowser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  static async launch(variables: NodeJS.ProcessEnv): Promise<BrowserPerson> {
    const browser = await launchBrowser(variables);
    try {
      const page = await browser.newPage({ viewport: { width: 1024, height: 900 } });
      page.setDefaultTimeout(PAGE_MS);
      await browser.addAuthenticator(page);
      return new BrowserPerson(browser, page);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  async setUp(link: string): Promise<string> {
    await this.#page.goto(link);
    await this.#page.getByLabel("Your name").fill(NAME);
    await this.#page.getByRole("button", { name: "Create passkey" }).click();
    await this.#page.getByRole("heading", { name: `Welcome, ${NAME}` }).waitFor();
    return NAME;
  }

  async sign(waiting: Waiting): Promise<Seen> {
    const seen = await this.#read(waiting);
    await this.#page.getByRole("button", { name: "Approve", exact: true }).click();
    await this.#answered(["approved", "consumed"]);
    return seen;
  }

  async deny(waiting: Waiting, reason: string): Promise<Seen> {
    const seen = await this.#read(waiting);
    await this.#page.getByRole("button", { name: "Deny", exact: true }).click();
    await this.#page.getByLabel("Why not?").fill(reason);
    await this.#page.getByRole("button", { name: "Deny with passkey" }).click();
    await this.#answered(["denied"]);
    return seen;
  }

  async freeze(commands: Commands, scope: readonly string[], reason: string): Promise<JsonObject> {
    return await commands.answer("freeze", ...scope, "--reason", reason);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  /** Opens the page and goes through all of its parts: before that it cannot be signed. */
  async #read({ url }: Waiting): Promise<Seen> {
    await this.#page.goto(url);
    const next = this.#page.locator("#next-part");
    while (await next.isVisible()) await next.click();
    return { content: (await this.#page.locator('[data-from="content"]').textContent()) ?? "" };
  }

  /** Waits for what became of the signature; the page may have nothing more to show of a change that is in force. */
  async #answered(states: readonly string[]): Promise<void> {
    const error = this.#page.locator("#error:not(:empty)");
    const outcomes = [...states.map((state) => `#outcome.${state}`), "main:not(:has(#approval))"];
    await this.#page.locator(outcomes.join(", ")).or(error).first().waitFor();
    if (!(await error.isVisible())) return;
    throw new AppError("internal.error", { detail: `the page says: ${await error.innerText()}` });
  }
}
