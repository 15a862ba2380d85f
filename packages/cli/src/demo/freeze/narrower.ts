import { canonicalJson, type JsonObject } from "@countersign/core";
import type { Chapter } from "../claims.ts";
import type { CodingAgent, Tried } from "../coding-agent.ts";
import { type Play, short, thousands, timed, took } from "../play.ts";
import { MISTAKE, RECORDS } from "../records.ts";
import { heldOf, type Held, isHeld } from "./overwrite.ts";
import type { AtWork } from "./reading.ts";
import type { Cast } from "./set-up.ts";

const WHY_NOT = "1,200 records would be gone; correct just the wrong one";

/** A human denies the overwrite and signs a narrower call: that one passes, once. */
export async function narrower(
  play: Play,
  chapter: Chapter,
  { cast, work, held }: { cast: Cast; work: AtWork; held: Held },
): Promise<void> {
  const { stage, place } = play;
  const { agent } = work;
  await deny(play, chapter, { cast, agent, held });

  const change = { oldText: MISTAKE.wrong, newText: MISTAKE.right };
  const args = { path: place.executives, edits: [change] };
  const before = place.look();
  await stage.says({
    who: "agent",
    text: `edit_file executives.json  ${MISTAKE.id}: “${MISTAKE.wrong}” → “${MISTAKE.right}”`,
  });
  const first = await agent.call("edit_file", args);
  await stage.says({ who: "gateway", text: first.text, tone: "warn", short: true, aside: took(first.ms) });
  const narrow = heldOf(first.refusal, canonicalJson(args));
  const what = `The agent wants to correct one word in ${MISTAKE.id}.`;
  const { made: seen, ms } = await timed(async () => await cast.person.sign({ ...narrow, what }));
  await stage.says({ who: "human", text: "opens the page, reads exactly this, and countersigns:", aside: took(ms) });
  await stage.quote([seen.content], { whole: true });
  await chapter.claim(
    "what was shown and signed is what was held, to the letter",
    isHeld(first.refusal) && seen.content === narrow.exact,
  );

  const done = await waitFor(agent, narrow.approvalId);
  await stage.says({ who: "agent", text: "countersign_wait: the signed call has run", aside: took(done.ms) });
  const after = place.look();
  const corrected = before.text.replace(MISTAKE.wrong, MISTAKE.right);
  const passed = done.refusal === null && !done.failed && after.text === corrected && after.text !== before.text;
  await chapter.claim(
    `one record was corrected, ${thousands(RECORDS - 1)} are as they were`,
    passed,
    short(after.sha256),
  );
  chapter.note({ denied: held.approvalId, signed: narrow.approvalId, content: seen.content, sha256: after.sha256 });
  await once(play, chapter, { agent, args, used: narrow.approvalId });
}

async function deny(
  { stage }: Play,
  chapter: Chapter,
  { cast, agent, held }: { cast: Cast; agent: CodingAgent; held: Held },
): Promise<void> {
  const what = "The agent wants to overwrite all records with [].";
  const { made: seen, ms } = await timed(async () => await cast.person.deny({ ...held, what }, WHY_NOT));
  await stage.says({
    who: "human",
    text: `opens the page, reads exactly this, and denies: “${WHY_NOT}”`,
    aside: took(ms),
  });
  await stage.quote([seen.content], { whole: true });
  await chapter.claim("what was shown and denied is what was held, to the letter", seen.content === held.exact);
  const told = await waitFor(agent, held.approvalId);
  await stage.says({ who: "gateway", text: told.text, tone: "bad" });
  await chapter.claim(
    "the agent is told that a human said no",
    told.refusal?.decision === "deny" && told.refusal.code === "countersignature.void",
  );
}

/** A signature is spent: the same call waits again, and the old approval opens nothing. */
async function once(
  { stage, place }: Play,
  chapter: Chapter,
  { agent, args, used }: { agent: CodingAgent; args: JsonObject; used: string },
): Promise<void> {
  const before = place.look().sha256;
  const again = await agent.call("edit_file", args);
  await stage.says({ who: "agent", text: "the same call again" });
  await stage.says({ who: "gateway", text: again.text, tone: "warn", short: true, aside: took(again.ms) });
  const spent = await waitFor(agent, used);
  await chapter.claim(
    "the same call is held again, for another signature",
    isHeld(again.refusal) && again.refusal?.approval !== used,
  );
  await chapter.claim(
    "the used signature runs nothing twice",
    spent.refusal?.code === "countersignature.used" && place.look().sha256 === before,
  );
}

async function waitFor(agent: CodingAgent, approval: string): Promise<Tried> {
  return await agent.call("countersign_wait", { approval });
}
