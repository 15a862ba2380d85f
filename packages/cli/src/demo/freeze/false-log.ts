import { isJsonObject, type JsonObject } from "@countersign/core";
import { listAt, shown } from "../../client/fields.ts";
import type { Chapter } from "../claims.ts";
import { aligned } from "../../output/table.ts";
import type { Play } from "../play.ts";
import type { Tone } from "../stage/stage.ts";
import type { AtWork } from "./reading.ts";
import type { Cast } from "./set-up.ts";

const LIES = [
  "all 42 tests passed",
  "executives.json: only read, no change attempted",
  "code freeze observed at all times",
];
const LINKS = ["human", "device", "agent", "task"] as const;
const TRIES = 11;

/** The agent writes its own history beside the gateway. The ledger was not asked, and tells another. */
export async function falseLog(
  { stage, place }: Play,
  chapter: Chapter,
  { cast, work }: { cast: Cast; work: AtWork },
): Promise<void> {
  const log = work.agent.writeLog(LIES);
  await stage.says({ who: "agent", text: "writes agent.log with its own hands, beside the gateway:" });
  await stage.quote(LIES, { tone: "dim" });
  await stage.says({ who: "human", text: "$ countersign ledger who 'file:…/executives.json'" });
  const answer = await stage.busy(
    "countersign ledger who",
    async () => await cast.commands.answer("ledger", "who", `file:${place.executives}`),
  );
  const acts = listAt(answer, "acts").toReversed();
  await stage.quote(aligned(rowsOf(acts)), { tone: toneOf });

  const named = acts.every((act) =>
    LINKS.every((link) => typeof act[link] === "string" && typeof namesOf(act)[link] === "string"),
  );
  const { human, device, agent, task } = namesOf(acts[0] ?? {});
  await stage.says({
    who: "note",
    text: `behind each: ${[human, device, agent, task].map(shown).join(" · ")}`,
    tone: "dim",
  });
  await chapter.claim(
    "each entry names human, device, agent and task",
    acts.length > 0 && named && human === cast.name && agent === "coder",
  );
  const count = (wanted: string): number => acts.filter((act) => outcomeOf(act) === wanted).length;
  const changes = acts.filter((act) => resultOf(act) === "permit" && act["effect"] !== "read");
  const told = count("deny brake.frozen") === TRIES && changes.length === 1 && count("hold") >= 3;
  await chapter.claim(`the log says nothing happened, the ledger ${String(TRIES)} denials, one change`, told);
  await chapter.claim("that change carries its countersignature", typeof changes[0]?.["approval"] === "string");
  chapter.note({ log, lies: LIES, acts: acts.length, denied: count("deny brake.frozen"), changes: changes.length });
}

/** The acts in order, equal neighbours on one line. */
function rowsOf(acts: readonly JsonObject[]): string[][] {
  const rows: { cells: string[]; times: number }[] = [];
  for (const act of acts) {
    const cells = [shown(namesOf(act)["agent"]), shown(act["action"]).replace("mcp:files/", ""), outcomeOf(act)];
    const last = rows.at(-1);
    if (last?.cells.slice(1).join() === cells.join()) last.times += 1;
    else rows.push({ cells: [shown(act["time"]).slice(11, 19), ...cells], times: 1 });
  }
  return rows.map(({ cells, times }) => [...cells, times === 1 ? "" : `× ${String(times)}`]);
}

function toneOf(row: string): Tone {
  if (row.includes("countersigned")) return "good";
  if (row.includes("  deny ")) return "bad";
  return row.includes("  hold") ? "warn" : "plain";
}

function namesOf(act: JsonObject): JsonObject {
  return isJsonObject(act["names"]) ? act["names"] : {};
}

function resultOf({ decision }: JsonObject): string {
  return isJsonObject(decision) ? shown(decision["result"]) : "";
}

function outcomeOf(act: JsonObject): string {
  const { decision, outcome, approval } = act;
  const result = resultOf(act);
  if (result === "permit") return `${shown(outcome)}${typeof approval === "string" ? ", countersigned" : ""}`;
  return result === "hold" || !isJsonObject(decision) ? result : `${result} ${shown(decision["code"])}`;
}
