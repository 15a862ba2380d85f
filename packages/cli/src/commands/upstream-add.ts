import { EFFECTS, type Effect, type ResourceMapping, parseMapping } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { type Command, command } from "../command/command.ts";
import type { ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";
import { table } from "../output/table.ts";
import { absoluteCommand } from "../upstreams/absolute-command.ts";
import {
  type KnownServer,
  NOTHING_PLAIN,
  type ServerSecrets,
  reachOf,
  secretsBody,
  toolsOf,
} from "../upstreams/known-server.ts";
import { DATABASE_FLAGS, type DatabaseValues, databaseBody, isDatabase } from "../upstreams/known-database.ts";
import {
  type Corrections,
  type JudgedTool,
  actsOn,
  judgeTools,
  judgedTerms,
  unmappedNote,
} from "../upstreams/judge-tools.ts";

const NAME = "upstream add";

/** `countersign upstream add`: lists a server's tools with what each is taken to do; one signature puts it in use. */
export const upstreamAdd: Command = command({
  name: NAME,
  summary: "Guard a server: its tools are listed with their effects, and held until an administrator signs",
  flags: {
    name: { kind: "operand", about: "how it is called from now on: small letters, digits, - and _" },
    command: { kind: "words", value: "CMD…", about: "the program that is the server, with its arguments" },
    url: { kind: "text", value: "URL", about: "its address, instead of a program" },
    env: { kind: "texts", value: "NAME", about: "a variable that the program needs: kept sealed, may be repeated" },
    "bearer-env": { kind: "text", value: "NAME", about: "the variable that holds the token for `--url`" },
    effect: { kind: "texts", value: "TOOL=EFFECT", about: `correct an effect: ${EFFECTS.join(", ")}` },
    resource: {
      kind: "texts",
      value: "TOOL=NAME",
      about: "what a tool acts on, e.g. 'write_file=file:{path}'; several for several",
    },
    ...DATABASE_FLAGS,
    ...REACH,
  },
  examples: [
    { line: `${NAME} files -- mcp-server-filesystem /srv/records`, does: "a program that is started here" },
    { line: `${NAME} tickets --url https://tickets.example/mcp --bearer-env TICKETS_TOKEN`, does: "an address" },
    {
      line: `${NAME} db --effect query=read --effect run=destructive --env DB_URL -- db-server`,
      does: "with corrections",
    },
    {
      line: `${NAME} billing --url postgres://db.example/billing --password-from-file /run/secrets/billing`,
      does: "a database: what each statement does is judged",
    },
  ],
  run: async (values, cli) => {
    if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(values.name))
      throw new UsageError(`\`${values.name}\` is no name: use small letters, digits, - and _`, NAME);
    if (isDatabase(values.url)) return await addDatabase({ ...values, url: values.url }, cli);
    const foreign = Object.keys(DATABASE_FLAGS).find((flag) => isGiven(values[flag as keyof typeof DATABASE_FLAGS]));
    if (foreign !== undefined) throw new UsageError(`\`--${foreign}\` goes with \`--url postgres://…\``, NAME);
    const server = serverOf(values, cli);
    const corrections = correctionsOf(values);
    const judged = judgeTools(await toolsOf(server, cli), server, corrections);
    assertKnown(corrections, judged);
    const { effects, resources, pins } = judgedTerms(judged);
    const body = {
      name: server.name,
      terms: { ...reachOf(server), effects, resources },
      pins,
      secrets: secretsBody(server.secrets),
    };
    cli.out.note({ event: "tools", tools: judged }, () => toolTable(judged));
    return await withClient(values, cli, async (client) =>
      held(cli, await client.json({ as: "near", path: "/v1/upstreams", body }), `upstream \`${server.name}\``),
    );
  },
});

async function addDatabase(
  {
    name,
    command: words,
    env,
    "bearer-env": token,
    effect,
    resource,
    ...values
  }: AddValues & DatabaseValues & ReachValues,
  cli: Cli,
): Promise<ExitCode> {
  if (isGiven(token) || [words, env, effect, resource].some(isGiven))
    throw new UsageError(
      "a database is not a program: it takes no CMD, `--env`, `--bearer-env`, `--effect`, `--resource`",
      NAME,
    );
  const body = { name, ...(await databaseBody(values, cli)) };
  return await withClient(values, cli, async (client) =>
    held(cli, await client.json({ as: "near", path: "/v1/upstreams", body }), `upstream \`${name}\``),
  );
}

function isGiven(value: string | boolean | readonly string[] | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

interface ReachValues {
  readonly server: string | undefined;
  readonly data: string | undefined;
}
interface AddValues {
  readonly name: string;
  readonly command: readonly string[];
  readonly url: string | undefined;
  readonly env: readonly string[];
  readonly "bearer-env": string | undefined;
  readonly effect: readonly string[];
  readonly resource: readonly string[];
}

/** What each tool is taken to do, for a person to correct. */
export function toolTable(tools: readonly JudgedTool[]): string[] {
  const rows = tools.map((tool) => [tool.name, tool.effect, actsOn(tool)]);
  return [...table(["tool", "effect", "acts on"], rows), ...unmappedNote(tools)];
}

function serverOf({ name, command: words, url, env, "bearer-env": token }: AddValues, cli: Cli): KnownServer {
  const [program, ...args] = words;
  if ((program === undefined) === (url === undefined))
    throw new UsageError("give either `-- CMD…` or `--url URL`", NAME);
  if (url !== undefined && env.length > 0) throw new UsageError("`--env` is for a program; see `--bearer-env`", NAME);
  if (program !== undefined && token !== undefined) throw new UsageError("`--bearer-env` goes with `--url`", NAME);
  const value = (variable: string): string => {
    const found = cli.env.variables[variable] ?? "";
    if (found !== "") return found;
    throw new UsageError(`the variable \`${variable}\` is not set here`, NAME);
  };
  const secrets: ServerSecrets = {
    env: Object.fromEntries(env.map((variable) => [variable, value(variable)])),
    headers: {},
    bearer: token === undefined ? null : value(token),
  };
  const reach =
    url !== undefined ? { url } : { command: absoluteCommand([program ?? "", ...args], cli.env), cwd: cli.env.cwd };
  return { name, reach, plain: NOTHING_PLAIN, secrets };
}

function correctionsOf({ effect, resource }: AddValues): Corrections {
  const effects = new Map<string, Effect>();
  for (const [tool, word] of effect.map((text) => pairOf(text, "--effect TOOL=EFFECT"))) {
    const known = EFFECTS.find((one) => one === word);
    if (known === undefined) throw new UsageError(`\`${word}\` is no effect: ${EFFECTS.join(", ")}`, NAME);
    effects.set(tool, known);
  }
  const resources = new Map<string, readonly string[]>();
  for (const [tool, text] of resource.map((pair) => pairOf(pair, "--resource TOOL=NAME")))
    resources.set(tool, [...(resources.get(tool) ?? []), text]);
  return { effects, resources: new Map([...resources].map(([tool, texts]) => [tool, mappingOf(tool, texts)])) };
}

function mappingOf(tool: string, texts: readonly string[]): ResourceMapping {
  const parsed = parseMapping(texts);
  if (parsed.ok) return parsed.mapping;
  throw new UsageError(`\`--resource ${tool}=…\` ${parsed.reason}`, NAME);
}

function pairOf(text: string, form: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError(`\`${text}\` is not of the form \`${form}\``, NAME);
}

function assertKnown({ effects, resources }: Corrections, tools: readonly JudgedTool[]): void {
  const unknown = [...effects.keys(), ...resources.keys()].find((name) => !tools.some((tool) => tool.name === name));
  if (unknown === undefined) return;
  throw new UsageError(`there is no tool \`${unknown}\`: it has ${tools.map(({ name }) => name).join(", ")}`, NAME);
}
