import { AppError, type JsonObject } from "@countersign/core";
import type { Client } from "../client/api.ts";
import { createClient } from "../client/client.ts";
import { listAt, numberAt, shown, textAt } from "../client/fields.ts";
import type { SignInContext } from "../client/sign-in.ts";
import type { Cli } from "../cli.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { Canary, type Place, places } from "../drill/canary.ts";
import { workloadOf } from "../mandate/workload.ts";
import { PostureReports } from "../mcp/posture-reports.ts";
import { type LiveTask, TaskLink } from "../mcp/task-link.ts";
import { parseDuration } from "../output/durations.ts";
import { visible } from "../output/visible-text.ts";

const PURPOSE = "stop drill";
const FROZEN = "brake.frozen";
/** What a point answers that lets nothing through. */
const STOPPED: ReadonlySet<string | null> = new Set([FROZEN, "brake.severed", "lease.lost", "unreachable"]);
const STOP_MS = 60_000;
const SHORTEST_SECONDS = 10;

/** `countersign drill`: does a stop really stop? A canary acts at every point, is frozen, and tries again. */
export const drill: Command = command({
  name: "drill",
  summary: "Freeze a canary task and see at every point that it is refused; the timed result is signed into the ledger",
  flags: {
    agent: { kind: "text", value: "AGENT", about: "the canary: any of your agents; it does nothing", required: true },
    mandate: { kind: "text", value: "MDT", about: "while nobody is signed in: a mandate, or its workload file" },
    every: { kind: "text", value: "24h", about: "go on, one drill each such span, until stopped" },
    ...REACH,
  },
  examples: [
    { line: "drill --agent canary", does: "one drill: each point with its time, and whether it refused" },
    { line: "drill --agent canary --mandate mdt_… --every 24h", does: "each day, unattended" },
  ],
  run: async (values, cli) => {
    const every = values.every === undefined ? null : parseDuration(values.every);
    if (values.every !== undefined && (every === null || every < SHORTEST_SECONDS))
      throw new UsageError(`\`${values.every}\` is no time span of ten seconds or more, like \`24h\``, "drill");
    if (every === null) return await once(values, cli);
    while (!cli.signal.aborted) {
      const begun = cli.now();
      await once(values, cli).catch((error: unknown) => told(error, cli));
      await cli.pause(Math.max(0, begun + every * 1000 - cli.now()));
    }
    return EXIT.ok;
  },
});

interface Asked {
  readonly agent: string;
  readonly mandate: string | undefined;
  readonly server: string | undefined;
  readonly data: string | undefined;
}

/** One that fails is said; the next one follows. */
function told(error: unknown, cli: Cli): void {
  if (!(error instanceof AppError)) throw error;
  cli.stderr.write(`countersign: drill failed: ${visible(error.message)}\n`);
}

async function once(values: Asked, cli: Cli): Promise<ExitCode> {
  const workload = values.mandate === undefined ? null : workloadOf(values.mandate, cli);
  const client = createClient({ ...values, server: values.server ?? workload?.server ?? undefined }, cli);
  const context: SignInContext = {
    client,
    cli,
    device: async () => (await import("../client/this-device.ts")).thisDevice(cli),
  };
  const posture = new PostureReports(context, workload);
  const link = new TaskLink({
    context,
    agent: values.agent,
    purpose: workload === null ? PURPOSE : null,
    task: null,
    workload,
    runtime: async () => await Promise.resolve(null),
    reportPosture: async () => await posture.fresh(),
  });
  try {
    const live = await link.live(false);
    if (!live.ok) throw new AppError(live.refusal.code, { detail: live.refusal.reason });
    return await drilled({ client, cli, task: live.task });
  } finally {
    posture.stop();
    await link.end();
    client.close();
  }
}

interface Drilling {
  readonly client: Client;
  readonly cli: Cli;
  readonly task: LiveTask;
}

async function drilled({ client, cli, task }: Drilling): Promise<ExitCode> {
  const canary = new Canary(task, await anUpstream(client), { client, cli });
  const reachable: Place[] = [];
  for (const place of await places(client)) if ((await triedAt(canary, place)) !== "unreachable") reachable.push(place);
  const scope = { type: "task", value: task.id };
  const stop = { kind: "freeze", scope, reason: PURPOSE };
  const receipt = await client.json({ as: "near", path: "/v1/brakes", body: stop, answerMs: STOP_MS });
  const after = new Map<string, string | null>();
  for (const place of reachable) after.set(place.id, await triedAt(canary, place));
  const tried = reachable.filter(({ id }) => after.get(id) === FROZEN).map(({ id }) => id);
  const body = { brake: textAt(receipt, "brake"), tried };
  const result = await client.json({ as: "near", path: "/v1/drills", body, answerMs: STOP_MS });
  const escaped = reachable.filter(({ id }) => !STOPPED.has(after.get(id) ?? null));
  cli.out.answer(result, () => [
    ...listAt(result, "points").map((point) => line(point, cli)),
    sum(result, escaped, cli),
  ]);
  return escaped.length === 0 ? EXIT.ok : EXIT.failed;
}

/** The canary needs a server to call, and none of its tools. */
async function anUpstream(client: Client): Promise<string> {
  const upstreams = listAt(await client.json({ as: "near", path: "/v1/upstreams" }), "upstreams");
  const active = upstreams.find(({ status }) => status === "active");
  if (active !== undefined) return textAt(active, "name");
  throw new AppError("upstream.unknown", {
    detail: "there is no server at which a canary could try; run `countersign upstream add`",
  });
}

/** A gateway that does not answer at all lets nothing through either; its receipt says how it was stopped. */
async function triedAt(canary: Canary, place: Place): Promise<string | null> {
  try {
    return await canary.refusedAt(place);
  } catch (error) {
    if (error instanceof AppError && error.code !== "server.unreachable") return error.code;
    return "unreachable";
  }
}

function line(point: JsonObject, { out: { paint } }: Cli): string {
  const took = `${String(numberAt(point, "tookMs"))} ms`;
  const how = point["how"] === "acknowledged" ? paint.good("stopped") : paint.warn("silent, lease ended");
  const seen = point["refusal"] === null ? "not tried there" : `refused the canary (${shown(point["refusal"])})`;
  return `${visible(textAt(point, "name"))} ${how} ${took} · ${seen}`;
}

function sum(result: JsonObject, escaped: readonly Place[], { out: { paint } }: Cli): string {
  const took = `${String(numberAt(result, "tookMs"))} ms`;
  if (escaped.length === 0)
    return `${paint.good("stopped everywhere")} in ${took} · signed · ${textAt(result, "brake")}`;
  return paint.bad(
    `not refused at ${escaped.map(({ name }) => visible(name)).join(", ")}: look at \`countersign doctor\``,
  );
}
