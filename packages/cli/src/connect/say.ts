import { shownKey } from "@countersign/credentials";
import type { Cli } from "../cli.ts";
import { inWords } from "../output/durations.ts";
import { table } from "../output/table.ts";
import { visible } from "../output/visible-text.ts";
import { actsOn, unmappedNote } from "../upstreams/judge-tools.ts";
import { isOnPath, launcherPath, mayInstall } from "../start/launcher.ts";
import { programName } from "../start/program-name.ts";
import type { CheckedShim } from "./check-shim.ts";
import type { ConnectPlan, Connecting } from "./connect-client.ts";
import { type DiffLine, type EditPlan, showPlan } from "./edit/index.ts";
import type { WaitingPage } from "./propose.ts";

/** What would be signed and what would be written, before anybody is asked. */
export function planLines({ client, hooks, cli }: Connecting, plan: ConnectPlan, files: readonly EditPlan[]): string[] {
  const { survey, ask } = plan;
  const { paint } = cli.out;
  const rows = ask.servers.flatMap(({ upstream, tools }) =>
    tools.map((tool) => [upstream, tool.name, tool.effect, actsOn(tool)]),
  );
  const unmapped = unmappedNote(ask.servers.flatMap(({ tools }) => tools));
  const diff = files.flatMap((file) => showPlan(file)).map((line) => painted(line, cli));
  return [
    paint.bold(`Connect ${client.name}`),
    "",
    ...(rows.length === 0
      ? noServers(plan, cli)
      : [...table(["server", "tool", "effect", "acts on"], rows), ...unmapped, ""]),
    ...survey.left.map(({ name, why }) => `${paint.warn("left alone")}  ${visible(name)}: ${visible(why)}`),
    `agent  ${ask.agent.name}, yours, for 30 days: ${visible(ask.agent.purpose)}`,
    ...ask.agent.grants.map(({ action, resource }) => `       ${visible(action)} @ ${visible(resource)}`),
    ...(hooks ? ["hooks  its own shell, edits and fetches are asked about before each use"] : []),
    ...(diff.length === 0 ? [] : ["", ...diff]),
    ...(mayInstall(cli.env) ? ["", `also written: ${launcherPath(cli.env)}, which starts this program`] : []),
    "",
  ];
}

/** Nothing changes: the client is connected. */
export function sameLines({ client }: Connecting, { survey }: ConnectPlan): string[] {
  return [
    `${client.name} is connected: ${names(survey.governed)} and its own hands, as far as it asks hooks. Nothing changes.`,
    "",
  ];
}

function noServers({ survey }: ConnectPlan, { env }: Cli): string[] {
  if (survey.governed.length > 0) return [`goes through Countersign already: ${names(survey.governed)}`, ""];
  return [`no MCP server to guard; add one with \`${programName(env)} upstream add NAME -- CMD\``, ""];
}

/** Where the one signature is given. */
export function pageLines({ url, expiresAt, sessionKey, setUp }: WaitingPage, cli: Cli): string[] {
  const first = "There is no passkey here yet: open the set-up link that `countersign up` shows, and make yours.";
  return [
    ...(setUp ? [] : [first, ""]),
    `${setUp ? "Open" : "Then open"} this page and sign with your passkey, once:`,
    "",
    `  ${url}`,
    "",
    ...(sessionKey === null
      ? []
      : ["Sign only if the page shows this session key:", "", `  ${shownKey(sessionKey)}`, ""]),
    `The page ends in ${inWords(Date.parse(expiresAt) - cli.now())}.`,
    "",
  ];
}

/** What is done, what the person does next, and the first thing with which they may try to get round it. */
export function connectedLines(
  { client, agent, hooks, cli }: Connecting,
  plan: ConnectPlan,
  { changed, checked }: { readonly changed: readonly string[]; readonly checked: readonly CheckedShim[] },
): string[] {
  const { paint } = cli.out;
  const program = programName(cli.env);
  return [
    `${paint.good("connected")}  ${client.name} acts as the agent ${agent}`,
    ...changed.map((path) => `written    ${visible(path)}`),
    ...checked.map(({ upstream, tools, why }) =>
      why === null
        ? `${paint.good("checked")}    ${upstream}: ${String(tools)} tools`
        : `${paint.bad("no answer")}  ${upstream}: ${visible(why)}`,
    ),
    "",
    `Next: ${client.restart}.`,
    `Then try to get round it: ${escape(plan, hooks) ?? `\`${program} freeze --agent ${agent} --reason test\`, and ask it for anything.`}`,
    `Undo: \`${program} connect ${client.id} --undo\`.`,
    ...(isOnPath(cli.env) ? [] : [paint.dim(`${launcherPath(cli.env)} is not on your PATH; it works all the same.`)]),
  ];
}

/** The first thing that somebody would try, and what comes of it. */
function escape({ servers }: ConnectPlan, hooks: boolean): string | null {
  const grave = servers.flatMap(({ tools }) => tools).find(({ effect }) => effect === "destructive");
  if (grave === undefined)
    return hooks ? "ask it to delete something with its shell; that is held until you sign." : null;
  const shell = hooks ? ", then for the same with its shell" : "";
  return `ask for \`${grave.name}\`${shell}; it is held until you sign.`;
}

function painted({ kind, text }: DiffLine, { out: { paint } }: Cli): string {
  const shown = visible(text);
  if (kind === "added") return paint.good(shown);
  if (kind === "removed") return paint.bad(shown);
  return kind === "same" ? shown : paint.dim(shown);
}

function names(servers: readonly { readonly name: string }[]): string {
  return servers.map(({ name }) => visible(name)).join(", ");
}
