import { type DrivenBrowser, launchBrowser as launch } from "../packages/cli/src/demo/browser.ts";

export type { Authenticator } from "../packages/cli/src/demo/browser.ts";
export type TestBrowser = DrivenBrowser;

/** The browser of the demo, with the environment of the test and further switches. Close it in `afterAll`. */
export async function launchBrowser(...switches: readonly string[]): Promise<TestBrowser> {
  return await launch(process.env, switches);
}
