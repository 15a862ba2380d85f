import { EXIT } from "../../command/exit-code.ts";
import type { Chapter } from "../claims.ts";
import type { CodingAgent, Tried } from "../coding-agent.ts";
import { type Play, timed, took } from "../play.ts";
import type { Frozen } from "./code-freeze.ts";
import { type AtWork, startAgent } from "./reading.ts";
import { type Cast, waiting } from "./set-up.ts";

/** Loosening is signed: neither stop ends by being asked to, and the task that was severed does not come back. */
export async function thaw(
  play: Play,
  chapter: Chapter,
  { cast, work, frozen }: { cast: Cast; work: AtWork; frozen: Frozen },
): Promise<void> {
  const { stage, place } = play;
  const look = async (agent: CodingAgent): Promise<Tried> =>
    await agent.call("get_file_info", { path: place.executives });

  // It starts while the first signature is asked for: its calls come later.
  const starting = startAgent(play, cast);
  starting.catch(() => undefined);
  const lift = await proposed(play, cast, { brake: frozen.brake, name: "freeze" });
  await chapter.claim("asking for a thaw thaws nothing", (await look(work.agent)).refusal?.decision === "deny");
  await lift();

  const old = await look(work.agent);
  await stage.says({ who: "gateway", text: old.text, tone: "bad" });
  const again = await stage.busy("the agent starts over", async () => await starting);
  const fresh = await look(again);
  await stage.says({
    who: "agent",
    text: "starts over, to get another task",
    aside: `DENIED ${fresh.refusal?.code ?? "??"}`,
    asideTone: "bad",
  });
  const severed = [old, fresh].every(({ refusal }) => refusal?.code === "brake.severed");
  await chapter.claim("freeze gone; the task stays severed, and no other opens", severed);

  const liftSever = await proposed(play, cast, { brake: frozen.severed, name: "severance" });
  await liftSever();
  const read = await look(again);
  await stage.says({ who: "agent", text: "get_file_info executives.json, under a new task", aside: took(read.ms) });
  await chapter.claim("it may act again: its owner signed twice", read.refusal === null && !read.failed);
  chapter.note({ freeze: frozen.brake, severance: frozen.severed });
}

/** `countersign thaw`, which only proposes; gives back the signature. */
async function proposed(
  { stage }: Play,
  { commands, person }: Cast,
  { brake, name }: { brake: string; name: string },
): Promise<() => Promise<void>> {
  const held = await stage.busy("countersign thaw", async () => await commands.json(EXIT.held, "thaw", brake));
  await stage.says({ who: "human", text: `$ countersign thaw ${brake}`, aside: "held, exit 4" });
  return async () => {
    const what = `The ${name} is lifted if you sign.`;
    const { ms } = await timed(async () => await person.sign({ ...waiting(held), what }));
    await stage.says({ who: "human", text: `signs the thaw of the ${name}`, aside: took(ms) });
  };
}
