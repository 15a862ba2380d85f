import { AppError } from "@countersign/core";
import { isHookClient } from "@countersign/gateway";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { saveServer } from "../client/places.ts";
import type { SignInContext } from "../client/sign-in.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";
import { type CheckedShim, checkShim } from "../connect/check-shim.ts";
import type { EditPlan } from "../connect/edit/index.ts";
import {
  type ConnectPlan,
  type Connecting,
  planConnection,
  planFiles,
  propose,
  whereabouts,
} from "../connect/connect-client.ts";
import { type Client, clientOf, placeOf, readClient, writePlans } from "../connect/index.ts";
import { type WaitingPage, waitForSignature } from "../connect/propose.ts";
import { connectedLines, pageLines, planLines, sameLines } from "../connect/say.ts";
import { answerOverview } from "../connect/overview.ts";
import { undoClient } from "../connect/undo-client.ts";
import { askYes, canAsk } from "../output/ask.ts";
import { absoluteLauncher, installLauncher, mayInstall } from "../start/launcher.ts";

/** `countersign connect`: a client's servers go through the gateway, by one signature over everything that this needs. */
export const connect: Command = command({
  name: "connect",
  summary: "Put an agent's client behind Countersign: one page, one passkey; without a client, list those found here",
  flags: {
    client: { kind: "operand", optional: true, about: "claude-code, codex, cursor, …; see `countersign connect`" },
    undo: { kind: "switch", about: "give the client its own configuration back" },
    agent: { kind: "text", value: "NAME", about: "the agent that the client acts as (default: the client's id)" },
    user: { kind: "switch", about: "only the configuration of the user" },
    project: { kind: "switch", about: "only the configuration of the current folder" },
    yes: { kind: "switch", about: "do not ask before the page is opened" },
    wait: { kind: "unless", about: "print the page and end at once (exit 4); run it again when it is signed" },
    ...REACH,
  },
  examples: [
    { line: "connect", does: "the clients of this machine, with their servers" },
    { line: "connect codex", does: "show what changes, open the page, rewrite the configuration once it is signed" },
    { line: "connect claude-code --project --yes", does: "only this project's servers, without the question" },
    { line: "connect codex --undo", does: "everything as it was before" },
  ],
  run: async (values, cli) => {
    const { user, project } = values;
    if (user && project) throw new UsageError("either `--user` or `--project`, not both", "connect");
    if (values.client === undefined) return answerOverview(cli);
    const client = knownClient(values.client);
    if (values.undo) return undoClient(client, cli);
    const scope = user ? "user" : project ? "project" : null;
    return await withClient(values, cli, async (control) => {
      const context: SignInContext = {
        client: control,
        cli,
        device: async () => (await import("../client/this-device.ts")).thisDevice(cli),
      };
      const place = placeOf(client, cli.env, cli.env.defaultDataDir);
      const all = readClient(client, cli.env, { place });
      const reading = { ...all, servers: all.servers.filter(({ list }) => scope === null || list.scope === scope) };
      const agent = values.agent ?? reading.servers.find(({ governed }) => governed)?.governed?.agent ?? client.id;
      const code = await connectClient(
        { client, reading, place, agent, hooks: !project && isHookClient(client.id), context, cli },
        values,
      );
      if (code === EXIT.ok && values.server !== undefined) saveServer(await control.server(), cli.env);
      return code;
    });
  },
});

async function connectClient(
  connecting: Connecting,
  { yes, wait }: { readonly yes: boolean; readonly wait: boolean },
): Promise<ExitCode> {
  const { cli, context } = connecting;
  const first = await planConnection(connecting);
  const files = await planFiles(connecting, first);
  const isConnected = isWhole(first, files);
  const lines = isConnected ? sameLines(connecting, first) : planLines(connecting, first, files);
  cli.out.note({ event: "plan", ...summary(first) }, () => lines);
  mustHaveSomething(connecting, first);
  if (!yes && !isConnected) await mustAgree(cli);
  const { plan, page } = await propose(connecting, first);
  if (page !== null) {
    if (!wait)
      return held(cli, { approvalId: page.approvalId, url: page.url }, `connection of ${connecting.client.name}`);
    cli.out.note({ event: "sign", ...page }, () => pageLines(page, cli));
    if (page.setUp) cli.openPage(page.url);
    await waitForSignature(context, page);
  }
  return await finish(connecting, plan, page);
}

/** Everything is in force: the configuration is rewritten, and the client's own command is tried. */
async function finish(connecting: Connecting, plan: ConnectPlan, page: WaitingPage | null): Promise<ExitCode> {
  const { cli, context, agent } = connecting;
  if (mayInstall(cli.env)) installLauncher(cli.env);
  const files = await planFiles(connecting, plan);
  writePlans(files);
  const more = await whereabouts(connecting);
  const upstreams = new Set([...plan.servers.map(({ upstream }) => upstream), ...governedUpstreams(plan)]);
  const launcher = absoluteLauncher(cli.env);
  const checked: CheckedShim[] = [];
  for (const upstream of upstreams) {
    const shim = [launcher, "mcp", upstream, "--agent", agent, ...more] as const;
    checked.push(await checkShim(context.client, cli, { upstream, agent, command: [...shim] }));
  }
  const changed = files.filter((file) => file.changed).map(({ before }) => before.file.path);
  const answer = { ...summary(plan), agent, signed: page !== null, files: changed, checked };
  cli.out.answer(answer, () => connectedLines(connecting, plan, { changed, checked }));
  return checked.every(({ why }) => why === null) ? EXIT.ok : EXIT.failed;
}

/** All of the client's servers go through Countersign, and its files stay as they are: there is nothing to agree to. */
function isWhole({ servers, survey }: ConnectPlan, files: readonly EditPlan[]): boolean {
  return servers.length === 0 && survey.governed.length > 0 && !files.some(({ changed }) => changed);
}

function governedUpstreams({ survey }: ConnectPlan): readonly string[] {
  return survey.governed.flatMap(({ governed }) => (governed === null ? [] : [governed.server]));
}

function summary({ survey, servers, ask }: ConnectPlan): Readonly<Record<string, unknown>> {
  return {
    client: ask.client,
    servers: servers.map(({ found, upstream, tools }) => ({ name: found.name, upstream, tools })),
    governed: survey.governed.map(({ name }) => name),
    left: survey.left,
  };
}

function mustHaveSomething({ client, hooks }: Connecting, { servers, survey }: ConnectPlan): void {
  if (hooks || servers.length > 0 || survey.governed.length > 0) return;
  throw new AppError("config.invalid", {
    detail: `${client.name} has no MCP server that could be guarded, and no hooks; add one there and run it again`,
  });
}

async function mustAgree(cli: Cli): Promise<void> {
  if (!canAsk(cli)) throw new UsageError("nobody can be asked here: give `--yes`", "connect");
  if (await askYes(cli, "Go on?", false)) return;
  throw new AppError("request.forbidden", { detail: "not agreed; nothing has changed" });
}

function knownClient(id: string): Client {
  try {
    return clientOf(id);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}; \`countersign connect\` lists those of this machine`, "connect");
  }
}
