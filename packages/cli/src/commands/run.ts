import { type AppError, type JsonObject, type TaskId, isId } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { createClient } from "../client/client.ts";
import type { SignInContext } from "../client/sign-in.ts";
import { type Command, command } from "../command/command.ts";
import type { ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { type Workload, workloadOf } from "../mandate/workload.ts";
import { PostureReports } from "../mcp/posture-reports.ts";
import { type LiveTask, TaskLink } from "../mcp/task-link.ts";
import { clockTime, parseDuration } from "../output/durations.ts";
import { failureLines } from "../output/failure.ts";
import { ChildCommand } from "../task-run/child-command.ts";
import { commandEnvironment } from "../task-run/command-environment.ts";
import { openLocalPostgres } from "../task-run/local-postgres.ts";
import { endOwnTask, openOwnTask } from "../task-run/own-task.ts";
import { refused, taskOver } from "../task-run/watch-task.ts";
import { parseGrants } from "./grant-text.ts";

const NAME = "run";
/** A command is not idle while it runs: its task ends with it. */
const LONGEST_SECONDS = 8 * 3600;

/** `countersign run`: a command under a task of its own, whose clients of PostgreSQL reach the guarded databases and no others. */
export const run: Command = command({
  name: NAME,
  summary: "Run a command under a task of its own: its PostgreSQL clients reach what the gateway guards, unchanged",
  flags: {
    command: { kind: "words", value: "CMD…", about: "the program, with its arguments" },
    agent: { kind: "text", value: "AGENT", about: "who acts: id or name (default: you yourself, once it is signed)" },
    task: { kind: "text", value: "TSK", about: "join a task that was opened before; it goes on afterwards" },
    purpose: { kind: "text", value: "TEXT", about: "what the command is for (default: what the mandate says)" },
    grant: {
      kind: "texts",
      value: "ACTION@RESOURCE",
      about: "narrower than what the agent may do; without an agent what you may do; may be repeated",
    },
    ttl: { kind: "text", value: "1h", about: "the task's longest life, at most 8h" },
    mandate: { kind: "text", value: "MDT", about: "run while nobody is signed in: a mandate, or its workload file" },
    gateway: { kind: "text", value: "NAME", about: "the gateway to go through: name or address" },
    database: { kind: "text", value: "NAME", about: "which guarded database, when the task may use several" },
    tcp: { kind: "switch", about: "listen on a port of loopback instead of a Unix socket" },
    ...REACH,
  },
  examples: [
    { line: 'run --agent coder --purpose "look at the figures" -- psql', does: "psql on the guarded database" },
    {
      line: "run --purpose 'answer a ticket' --grant 'sql:billing/read@sql:billing/**' -- psql",
      does: "yourself: an administrator signs what you may do",
    },
    {
      line: 'run --agent coder --purpose "nightly clean-up" --tcp -- node job.js',
      does: "for a client that knows no Unix sockets",
    },
  ],
  run: async (values, cli) => {
    if (values.command.length === 0) throw new UsageError("say what to run: `-- CMD…`", NAME);
    const fault = faultOf(values);
    if (fault !== null) throw new UsageError(fault, NAME);
    const workload = values.mandate === undefined ? null : workloadOf(values.mandate, cli);
    const client = createClient({ ...values, server: values.server ?? workload?.server ?? undefined }, cli);
    const context: SignInContext = {
      client,
      cli,
      device: async () => (await import("../client/this-device.ts")).thisDevice(cli),
    };
    const posture = new PostureReports(context, workload);
    const opened: Opened = { own: null, link: null };
    try {
      return await underTask(await linkFor(values, { context, cli, posture, workload, opened }), values, cli);
    } finally {
      posture.stop();
      await opened.link?.end();
      if (opened.own !== null) await endOwnTask(client, opened.own);
      client.close();
    }
  },
});

/** What has to be ended with the command. */
interface Opened {
  /** A task of the person's own that was opened for this command. */
  own: TaskId | null;
  link: TaskLink | null;
}
interface Opening {
  readonly context: SignInContext;
  readonly cli: Cli;
  readonly posture: PostureReports;
  readonly workload: Workload | null;
  readonly opened: Opened;
}

async function linkFor(asked: Asked, { context, cli, posture, workload, opened }: Opening): Promise<TaskLink> {
  const { agent = null, purpose = null, gateway } = asked;
  const terms = termsOf(asked);
  const joined = asked.task === undefined ? null : taskOf(asked.task);
  if (agent === null && joined === null) opened.own = await openOwnTask(context.client, cli, { ...terms, purpose });
  opened.link = new TaskLink({
    context,
    agent,
    purpose,
    task: joined ?? opened.own,
    workload,
    gateway,
    terms,
    runtime: async () => await (await import("@countersign/device")).readRuntime(process.ppid),
    reportPosture: async () => await posture.fresh(),
  });
  return opened.link;
}

interface Asked {
  readonly command: readonly string[];
  readonly agent: string | undefined;
  readonly task: string | undefined;
  readonly purpose: string | undefined;
  readonly mandate: string | undefined;
  readonly grant: readonly string[];
  readonly ttl: string | undefined;
  readonly gateway: string | undefined;
  readonly database: string | undefined;
  readonly tcp: boolean;
}

function taskOf(text: string): TaskId {
  if (isId("tsk", text)) return text;
  throw new UsageError(`\`${text}\` is no task id (tsk_…)`, NAME);
}

function faultOf({ agent, task, purpose, mandate, grant }: Asked): string | null {
  if (task !== undefined)
    return purpose === undefined && mandate === undefined ? null : "`--task` has its purpose and its rights already";
  if (purpose === undefined && mandate === undefined) return "`--purpose TEXT` is missing";
  if (agent !== undefined) return null;
  if (mandate !== undefined) return "`--agent AGENT` is missing: a mandate is for an agent";
  return grant.length === 0 ? "without `--agent AGENT`, say what you want to do: `--grant ACTION@RESOURCE`" : null;
}

function termsOf({ grant, ttl }: Asked): JsonObject {
  const grants = parseGrants(grant, NAME);
  const ttlSeconds = ttl === undefined ? LONGEST_SECONDS : parseDuration(ttl);
  if (ttlSeconds === null) throw new UsageError(`\`${ttl ?? ""}\` is no time span like \`45m\` or \`1h\``, NAME);
  return { ...(grants.length === 0 ? {} : { grants }), ttlSeconds, idleSeconds: ttlSeconds };
}

async function underTask(link: TaskLink, asked: Asked, cli: Cli): Promise<ExitCode> {
  const live = await link.live(false);
  if (!live.ok) throw refused(live.refusal);
  const { task } = live;
  tell(task, cli);
  const failed = (error: AppError): void => note(error, cli);
  const postgres =
    task.postgres === null
      ? null
      : await openLocalPostgres({
          link,
          place: task.postgres,
          user: asked.agent ?? "me",
          database: asked.database ?? null,
          isTcp: asked.tcp || cli.env.platform === "win32",
          now: cli.now,
          random: cli.random,
          failed,
        });
  try {
    const env = commandEnvironment(cli.env.variables, postgres?.local ?? null);
    return await ran({ words: asked.command, cwd: cli.env.cwd, env, isInteractive: isTerminal(cli) }, link, cli);
  } finally {
    await postgres?.close();
  }
}

/** Runs the command to its end; ends it when the task is over first. */
async function ran(
  options: ConstructorParameters<typeof ChildCommand>[0],
  link: TaskLink,
  cli: Cli,
): Promise<ExitCode> {
  const child = new ChildCommand(options);
  const release = cli.onSignal((name) => child.pass(name));
  const done = new AbortController();
  const watching = taskOver(link, done.signal).then((refusal) => {
    if (refusal === null) return;
    note(refused(refusal), cli);
    child.stop();
  });
  try {
    // The command's own code is passed on, whatever it is.
    return (await child.ended) as ExitCode;
  } finally {
    release();
    done.abort();
    await watching;
  }
}

/** Standard output is the command's. */
function tell({ id, endsAt, postgres }: LiveTask, cli: Cli): void {
  const databases = postgres?.databases ?? [];
  const reach = databases.length === 0 ? "no guarded database" : databases.join(", ");
  cli.out.note({ event: "task", task: id, expiresAt: endsAt, databases }, () => [
    `countersign: task ${id} open until ${clockTime(endsAt ?? "")} UTC, ${reach}`,
  ]);
}

function note(error: AppError, cli: Cli): void {
  cli.out.note({ event: "refused", code: error.code, reason: error.message }, () => failureLines(error));
}

function isTerminal({ stdin }: Cli): boolean {
  return "isTTY" in stdin && stdin.isTTY === true;
}
