import type { Random } from "@countersign/core";

const LIFE_MS = 5 * 60_000;
const MOST = 1000;

/** WebAuthn challenges that were given out and may come back once, within five minutes. Bounded: the oldest go first. */
export class Challenges<T> {
  private readonly open = new Map<string, { readonly value: T; readonly until: number }>();
  private readonly random: Random;
  private readonly now: () => number;

  constructor(random: Random, now: () => number) {
    this.random = random;
    this.now = now;
  }

  give(value: T): string {
    const challenge = Buffer.from(this.random(32)).toString("base64url");
    for (const [known, { until }] of this.open)
      if (until <= this.now() || this.open.size >= MOST) this.open.delete(known);
    this.open.set(challenge, { value, until: this.now() + LIFE_MS });
    return challenge;
  }

  /** Takes a challenge back; null when it was not given, used before or too old. */
  take(challenge: string): T | null {
    const found = this.open.get(challenge);
    this.open.delete(challenge);
    return found !== undefined && found.until > this.now() ? found.value : null;
  }
}

/** The challenge that a WebAuthn response says it answers; null when the response has another form. */
export function challengeOf(clientDataJSON: unknown): string | null {
  if (typeof clientDataJSON !== "string" || clientDataJSON.length > 8192) return null;
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString("utf8"));
    const challenge = typeof data === "object" && data !== null ? (data as { challenge?: unknown }).challenge : null;
    return typeof challenge === "string" ? challenge : null;
  } catch {
    return null;
  }
}
