import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Chain, PointId } from "@countersign/core";
import { openSpool } from "@countersign/enforce";
import { SpooledActions } from "@countersign/enforce/testing";
import { randomBytes } from "node:crypto";

/**
 * Works over the spool of a point until it is ended: many actions at once, some of them slow. Says on standard output what was acknowledged,
 * one line each, only after it was: `entry <id> 0`, `ready`.
 *
 * node spool-writer.ts DIRECTORY POINT CHAIN
 */
const ACTIONS_AT_ONCE = 24;
const [directory = "", point = "", chain = "{}"] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const spool = await openSpool({
  directory,
  point: point as PointId,
  random: (length) => randomBytes(length),
  clock: Date.now,
  limits: { segmentBytes: 128 * 1024 },
});
const act = new SpooledActions(JSON.parse(chain) as Chain);
say("ready");

async function append(frame: Parameters<typeof spool.append>[0]): Promise<void> {
  await spool.append(frame);
  for (const { id } of frame.entries) say(`entry ${id} 0`);
}

async function work(): Promise<void> {
  for (;;) {
    const kind = Math.random();
    if (kind < 0.6) {
      await append(act.read({ path: "/a", text: "x".repeat(Math.floor(Math.random() * 2000)) }));
    } else if (kind < 0.8) {
      await append(act.refusal());
    } else {
      const intent = act.intent();
      await append(intent);
      await delay(Math.random() * 30);
      await append(act.outcome(intent.intent));
    }
  }
}
await Promise.all(Array.from({ length: ACTIONS_AT_ONCE }, work));
