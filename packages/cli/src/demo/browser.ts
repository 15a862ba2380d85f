import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { chromiumPath } from "./chromium-path.ts";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A passkey as the virtual authenticator holds it; can be carried to another page with {@link Authenticator.add}. */
export interface VirtualCredential {
  readonly credentialId: string;
  readonly isResidentCredential: boolean;
  readonly rpId?: string;
  readonly privateKey: string;
  readonly userHandle?: string;
  readonly signCount: number;
}

/** The virtual authenticator of one page. */
export interface Authenticator {
  credentials(): Promise<readonly VirtualCredential[]>;
  add(credential: VirtualCredential): Promise<void>;
  /** False: the next ceremonies fail as if the person had not been recognised. */
  setUserVerified(verified: boolean): Promise<void>;
  remove(): Promise<void>;
}

export interface DrivenBrowser {
  readonly browser: Browser;
  /** A page in a context of its own: own cookies, own authenticator. WebAuthn needs `http://localhost:…` (an IP address is no RP ID). */
  newPage(options?: BrowserContextOptions): Promise<Page>;
  addAuthenticator(page: Page): Promise<Authenticator>;
  close(): Promise<void>;
}

/**
 * A headless Chromium for the demo, for tests and screenshots. Found by `chromiumPath` among `variables`, which it inherits; starts in
 * about a second, the first start of all unpacks for a few seconds more. `more` are further switches. Whoever launches it closes it.
 */
export async function launchBrowser(
  variables: NodeJS.ProcessEnv,
  more: readonly string[] = [],
): Promise<DrivenBrowser> {
  const { executablePath, env } = await chromiumPath(variables);
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [...ARGS, ...more],
    env: { ...defined(variables), ...env },
    timeout: 60_000,
    // Whoever launches it decides what a signal means; at the exit of the process the browser is ended in any case.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  return {
    browser,
    newPage: async (options) => {
      const context = await browser.newContext(options);
      return await context.newPage();
    },
    addAuthenticator,
    close: async () => await browser.close(),
  };
}

/**
 * Gives a page an authenticator that is built in, keeps passkeys and verifies its user (CDP `WebAuthn` domain). It answers at once
 * and stays with the page over navigations.
 */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    add: async (credential) => {
      await session.send("WebAuthn.addCredential", { authenticatorId, credential });
    },
    setUserVerified: async (isUserVerified) => {
      await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
    remove: async () => {
      await session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
    },
  };
}

function defined(variables: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
