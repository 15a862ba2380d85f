import type { JsonObject } from "@countersign/core";
import type { Commands } from "../commands.ts";

/** What waits for a person, by the address of its page. */
export interface Waiting {
  readonly approvalId: string;
  readonly url: string;
  /** What the person is to do there, for somebody who does it by hand. */
  readonly what: string;
}
/** What the person saw before answering. */
export interface Seen {
  /** The exact content that was signed. */
  readonly content: string;
}

/** The human of the play: signs with a passkey on the real pages, either driven in Chromium or in flesh and blood. */
export interface Person {
  /** Makes the first human and the passkey. Returns the name that was entered. */
  setUp(link: string): Promise<string>;
  sign(waiting: Waiting): Promise<Seen>;
  deny(waiting: Waiting, reason: string): Promise<Seen>;
  /** Freezes, on the command line with the flags of `scope` or in the browser, and returns the receipt. */
  freeze(commands: Commands, scope: readonly string[], reason: string): Promise<JsonObject>;
}
