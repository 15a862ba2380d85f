import { join } from "node:path";
import { AppError, type JsonObject } from "@countersign/core";
import { listAt, textAt } from "../../client/fields.ts";
import { loadSession } from "../../client/session-file.ts";
import { EXIT } from "../../command/exit-code.ts";
import { tunnelLine } from "../../start/tunnel-line.ts";
import type { Chapter } from "../claims.ts";
import type { Commands } from "../commands.ts";
import { openAll } from "../opening.ts";
import type { Person } from "../people/person.ts";
import { type Play, timed, took } from "../play.ts";

/** The people and things that the later chapters act with. */
export interface Cast {
  readonly person: Person;
  /** The name that stands beside what the person signs. */
  readonly name: string;
  readonly api: string;
  /** The command line of the person, signed in. */
  readonly commands: Commands;
  /** The agent's id. */
  readonly agent: string;
}

const GRANT = "mcp:files/*@**";

/** A fresh installation; a human, a machine and an agent, each by a signature. */
export async function setUp(play: Play, chapter: Chapter): Promise<Cast> {
  const { stage, live } = play;
  const waiting = live ? "starting control plane and gateway" : "starting control plane, gateway and Chromium";
  const { made: opened, ms } = await timed(async () => await stage.busy(waiting, async () => await openAll(play)));
  const { api, gateway, setupUrl, pid, commands, person } = opened;
  await stage.says({ who: "human", text: "$ countersign up", aside: took(ms) });
  const text = `control plane ${api}, MCP gateway ${gateway}, ledger (process ${String(pid)})`;
  await stage.says({ who: "note", text, tone: "dim" });
  const tunnel = live ? tunnelLine(play.cli.env, [api]) : null;
  if (tunnel !== null) await stage.says({ who: "note", text: `from your own machine: ${tunnel}` });
  const { made: name, ms: setUpMs } = await timed(async () => await person.setUp(setupUrl));
  await stage.says({ who: "human", text: "opens the one-time set-up link and makes a passkey", aside: took(setUpMs) });
  await chapter.claim("the set-up link works once", (await linkStatus(api, setupUrl)) === 403);

  const device = await signIn(play, chapter, { person, commands, api });
  const agent = await createAgent(play, chapter, { person, commands });
  chapter.note({ human: name, device, agent, api, gateway, pid });
  return { person, name, api, commands, agent };
}

interface Acting {
  readonly person: Person;
  readonly commands: Commands;
}

/** The page must name the key that this terminal made: somebody else's link would name another. */
async function signIn(
  { cli, place, stage }: Play,
  chapter: Chapter,
  { person, commands, api }: Acting & { readonly api: string },
): Promise<string> {
  const login = commands.start("login", "--json");
  const link = await stage.busy("countersign login", async () => await login.first("stderr"));
  await stage.says({ who: "human", text: "$ countersign login" });
  const what = "This machine asks to act for you.";
  const { made: seen, ms } = await timed(async () => await person.sign({ ...waiting(link), what }));
  await stage.says({ who: "human", text: "reads which machine asks, and signs with the passkey", aside: took(ms) });
  const done = await stage.busy("waiting for the sign-in", async () => await login.first("stdout"));
  await login.ended;
  const env = { ...cli.env, configDir: join(place.config, "countersign") };
  const key = loadSession(api, env, cli.now())?.key.jkt ?? "";
  await chapter.claim("the page named the key of this very terminal", key !== "" && seen.content.includes(`"${key}"`));
  return textAt(done["device"] as JsonObject, "name");
}

async function createAgent({ stage }: Play, chapter: Chapter, { person, commands }: Acting): Promise<string> {
  const purpose = "keeps the executive records tidy";
  const args = [
    "agent",
    "create",
    "coder",
    "--owner",
    "me",
    "--purpose",
    purpose,
    "--grant",
    GRANT,
    "--expires",
    "30d",
  ];
  const held = await stage.busy("countersign agent create", async () => await commands.json(EXIT.held, ...args));
  await stage.says({ who: "human", text: `$ countersign agent create coder --owner me --grant '${GRANT}'` });
  await chapter.claim("held: no agent exists before its owner has signed", (await agentState(commands)) !== "active");
  const what = "You become the owner of an agent, with these rights and this end.";
  const { ms } = await timed(async () => await person.sign({ ...waiting(held), what }));
  await stage.says({ who: "human", text: "signs as the owner of this agent, its rights and its end", aside: took(ms) });
  await chapter.claim(
    "human, machine and agent each stand on a passkey signature",
    (await agentState(commands)) === "active",
  );
  return textAt(held, "id");
}

export function waiting(answer: JsonObject): { readonly approvalId: string; readonly url: string } {
  return { approvalId: textAt(answer, "approvalId"), url: textAt(answer, "url") };
}

async function agentState(commands: Commands): Promise<string> {
  const agents = listAt(await commands.answer("agent", "list"), "agents");
  const coder = agents.find((one) => one["name"] === "coder");
  return coder === undefined ? "unknown" : textAt(coder, "status");
}

/** What the control plane answers to somebody who uses the link again. */
async function linkStatus(api: string, link: string): Promise<number> {
  const setupToken = new URL(link).searchParams.get("token");
  if (setupToken === null) throw new AppError("internal.error", { detail: "the set-up link holds no token" });
  const answer = await fetch(`${api}/v1/webauthn/registration/options`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: api },
    body: JSON.stringify({ setupToken, name: "Mallory" }),
    signal: AbortSignal.timeout(60_000),
  });
  await answer.body?.cancel();
  return answer.status;
}
