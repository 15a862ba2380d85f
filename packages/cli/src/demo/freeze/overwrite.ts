import { canonicalJson } from "@countersign/core";
import type { Chapter } from "../claims.ts";
import type { Refusal } from "../coding-agent.ts";
import { type Play, short, thousands, took } from "../play.ts";
import { RECORDS } from "../records.ts";
import type { AtWork } from "./reading.ts";

/** A call that waits for a human, with the exact arguments that its page has to show. */
export interface Held {
  readonly approvalId: string;
  readonly url: string;
  readonly exact: string;
}

/** The destructive call: held, with its exact arguments, before a byte of it reaches the records. */
export async function overwrite({ stage, place }: Play, chapter: Chapter, { agent }: AtWork): Promise<Held> {
  const before = place.look();
  const args = { path: place.executives, content: "[]" };
  await stage.says({ who: "agent", text: "“I will clean this up.”  write_file executives.json  content: []" });
  const { text, refusal, ms } = await agent.call("write_file", args);
  await stage.says({ who: "gateway", text, tone: "warn", aside: took(ms) });
  await chapter.claim("held for a human, as the agent itself is told", isHeld(refusal) && text.startsWith("HELD "));
  const { sha256, records } = place.look();
  const unchanged = sha256 === before.sha256 && records === RECORDS;
  await chapter.claim(`executives.json is untouched: ${thousands(records)} records`, unchanged, short(sha256));
  chapter.note({ heldText: text, approval: refusal?.approval ?? null, sha256 });
  return heldOf(refusal, canonicalJson(args));
}

export function isHeld(refusal: Refusal | null): boolean {
  return refusal !== null && refusal.decision === "hold" && refusal.approval !== null && refusal.approvalUrl !== null;
}

export function heldOf(refusal: Refusal | null, exact: string): Held {
  return { approvalId: refusal?.approval ?? "", url: refusal?.approvalUrl ?? "", exact };
}
