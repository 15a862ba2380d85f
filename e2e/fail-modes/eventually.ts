import { setTimeout as delay } from "node:timers/promises";

/** How long anything may take that is waited for; nothing here is timed. */
const PATIENCE_MS = 90_000;
const AGAIN_MS = 50;

/** Asks until the answer is as it should be. @throws Error with the last answer */
export async function eventually<T>(what: string, ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return;
    if (performance.now() > until) throw new Error(`${what}: still ${JSON.stringify(answer)}`);
    await delay(AGAIN_MS);
  }
}
