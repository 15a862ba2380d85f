import { listAt, textAt } from "../../client/fields.ts";
import type { Chapter } from "../claims.ts";
import { CodingAgent, type Tried } from "../coding-agent.ts";
import { type Play, thousands, timed, took } from "../play.ts";
import type { Cast } from "./set-up.ts";

/** The agent at work, with the task that carries its rights. */
export interface AtWork {
  readonly agent: CodingAgent;
  readonly task: string;
}

export const PURPOSE = "tidy up the executive records";
const MORE_READS = 40;

/** An agent that reads meets nobody: each call is decided and recorded on the way. */
export async function reading(play: Play, chapter: Chapter, cast: Cast): Promise<AtWork> {
  const { stage, place } = play;
  const { made: agent, ms } = await timed(
    async () => await stage.busy("the agent starts its MCP server", async () => await startAgent(play, cast)),
  );
  await stage.says({ who: "agent", text: "$ countersign mcp files --agent coder", aside: took(ms) });
  await stage.says({
    who: "note",
    text: `its MCP server: ${String(agent.tools.length)} tools, revision ${agent.revision}`,
    tone: "dim",
  });
  const task = await liveTask(cast);

  const path = place.executives;
  const listed = await shown(
    play,
    "list_directory records",
    async () => await agent.call("list_directory", { path: place.records }),
  );
  const looked = await shown(
    play,
    "get_file_info executives.json",
    async () => await agent.call("get_file_info", { path }),
  );
  const { records, text } = place.look();
  const readText = `read_text_file executives.json: ${thousands(records)} records, ${String(Math.round(text.length / 1000))} kB`;
  const read = await shown(play, readText, async () => await agent.call("read_text_file", { path }));
  const times = await stage.busy("the agent reads on", async () => await readOn(agent, path));
  const [median = 0] = times.slice(Math.floor(times.length / 2));
  await stage.says({
    who: "agent",
    text: `reads ${String(MORE_READS)} times more, as agents do`,
    aside: `median ${took(median)}`,
  });

  const passed =
    [listed, looked, read].every(({ refusal, failed }) => refusal === null && !failed) && times.length === MORE_READS;
  await chapter.claim(
    `${String(MORE_READS + 3)} reads passed, each decided and recorded; nobody was asked`,
    passed && read.text === text,
  );
  chapter.note({
    task,
    revision: agent.revision,
    tools: agent.tools.length,
    reads: MORE_READS + 3,
    medianMs: Math.round(median * 10) / 10,
  });
  return { agent, task };
}

/** Starts the agent's client; it is closed with the demo at the latest. */
export async function startAgent({ closing, place }: Play, { commands }: Cast): Promise<CodingAgent> {
  return await closing.opening(CodingAgent.start(PURPOSE, place.workshop, commands), async (one) => await one.close());
}

async function liveTask({ commands }: Cast): Promise<string> {
  const tasks = listAt(await commands.answer("task", "list"), "tasks");
  const live = tasks.find((task) => task["status"] === "live" && task["purpose"] === PURPOSE);
  return live === undefined ? "" : textAt(live, "id");
}

async function shown({ stage }: Play, text: string, call: () => Promise<Tried>): Promise<Tried> {
  const tried = await call();
  await stage.says({ who: "agent", text, aside: took(tried.ms) });
  return tried;
}

/** Milliseconds of each read that passed, sorted. */
async function readOn(agent: CodingAgent, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < MORE_READS; at += 1) {
    const { ms, refusal, failed } = await agent.call("read_text_file", { path, head: 20 + at });
    if (refusal === null && !failed) times.push(ms);
  }
  return times.toSorted((a, b) => a - b);
}
