import type { Json } from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import { SealedBoard } from "../sealed-board.ts";

const LIFE_MS = 5 * 60_000;

/** WebAuthn challenges that were given out and may come back once, to any server, within five minutes. */
export class Challenges<T> {
  private readonly board: SealedBoard;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, ceremony: string) {
    this.kernel = kernel;
    this.board = new SealedBoard(kernel, `challenge/${ceremony}`, LIFE_MS);
  }

  async give(value: T): Promise<string> {
    const challenge = Buffer.from(this.kernel.random(32)).toString("base64url");
    await this.board.post(challenge, value as Json);
    return challenge;
  }

  /** Takes a challenge back; null when it was not given, used before or too old. */
  async take(challenge: string): Promise<T | null> {
    return (await this.board.take(challenge)) as T | null;
  }
}

/** The challenge that a WebAuthn response says it answers; null when the response has another form. */
export function challengeOf(clientDataJSON: unknown): string | null {
  if (typeof clientDataJSON !== "string" || clientDataJSON.length > 8192) return null;
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString("utf8"));
    const challenge = typeof data === "object" && data !== null ? (data as { challenge?: unknown }).challenge : null;
    return typeof challenge === "string" && CHALLENGE.test(challenge) ? challenge : null;
  } catch {
    return null;
  }
}
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
