import { AppError, type BrakeScope, type JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { ApiCall, Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { textAt } from "../client/fields.ts";
import { scopeValue } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { receiptLine } from "../output/receipt-line.ts";
import { noteUnmapped } from "../upstreams/unmapped-tools.ts";

type Kind = "freeze" | "sever";

/** A point that stays silent is waited for until its lease is over: three seconds by default, more where it is configured so. */
const STOP_MS = 60_000;
const POLL_MS = 100;

export const freeze: Command = brakeCommand(
  "freeze",
  "Refuse every new action in a scope, at every enforcement point, until a human signs the thaw",
);
export const sever: Command = brakeCommand(
  "sever",
  "End the live tasks in a scope; their agents open none until their owner signs",
);

function brakeCommand(kind: Kind, summary: string): Command {
  return command({
    name: kind,
    summary,
    flags: {
      all: { kind: "switch", about: "everything" },
      agent: { kind: "text", value: "AGENT", about: "one agent, by id or name" },
      owner: { kind: "text", value: "HUM", about: "all agents of a person, by id, name or `me`" },
      device: { kind: "text", value: "DEV", about: "all that acts from a device" },
      task: { kind: "text", value: "TSK", about: "one task" },
      resource: {
        kind: "text",
        value: "PATTERN",
        about: "calls on a resource, e.g. `file:/srv/**`; not of tools without a mapping",
      },
      reason: { kind: "text", value: "TEXT", about: "why: everybody who is stopped is told", required: true },
      ...REACH,
    },
    examples: [
      {
        line: `${kind} --all --reason "code freeze"`,
        does: "print the receipt in one line: each point, with its time",
      },
      { line: `${kind} --agent editor --reason "wrong folder" --json`, does: "one agent; the signed receipt as JSON" },
    ],
    run: async (values, cli) => {
      const scope = scopeOf(values, kind);
      return await withClient(values, cli, async (client) => {
        const resolved = { type: scope.type, value: await scopeValue(client, scope) };
        return await stop(client, cli, { kind, scope: resolved, reason: values.reason });
      });
    },
  });
}

interface ScopeFlags {
  readonly all: boolean;
  readonly agent: string | undefined;
  readonly owner: string | undefined;
  readonly device: string | undefined;
  readonly task: string | undefined;
  readonly resource: string | undefined;
}

/** Exactly one scope: a stop that meant something else is worse than none. */
function scopeOf(flags: ScopeFlags, kind: Kind): BrakeScope {
  const { all, agent, owner, device, task, resource } = flags;
  const named = Object.entries({ agent, owner, device, task, resource }).flatMap(([type, value]) =>
    value === undefined ? [] : [{ type: type as BrakeScope["type"], value }],
  );
  const given: BrakeScope[] = all ? [{ type: "all", value: "*" }, ...named] : named;
  const [scope, second] = given;
  if (scope !== undefined && second === undefined) return scope;
  const says = scope === undefined ? "say what to stop" : "exactly one scope";
  throw new UsageError(`${says}: --all, --agent, --owner, --device, --task or --resource`, kind);
}

async function stop(
  client: Client,
  cli: Cli,
  body: { kind: Kind; scope: BrakeScope; reason: string },
): Promise<ExitCode> {
  const { kind, scope, reason } = body;
  const call = { path: "/v1/brakes", body: { kind, scope: { ...scope }, reason }, answerMs: STOP_MS } as const;
  const receipt = await settled(client, cli, await asPerson(client, call));
  const stopped = receipt["state"] === "stopped";
  cli.out.answer(receipt, () => receiptLine(receipt, cli.out.paint));
  if (scope.type === "resource") await noteUnmapped(client, cli, scope.value);
  return stopped ? EXIT.ok : EXIT.failed;
}

/** With the name of whoever is signed in here; a stop never waits for a signature or a session, so without one it is this machine's. */
async function asPerson(client: Client, call: Omit<ApiCall, "as">): Promise<JsonObject> {
  try {
    if ((await client.session()) !== null) return await client.json({ ...call, as: "session" });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return await client.json({ ...call, as: "near" });
}

/** The receipt: at once, or when every point has confirmed. INV-3: never success before that. */
async function settled(client: Client, cli: Cli, first: JsonObject): Promise<JsonObject> {
  const ends = cli.now() + STOP_MS;
  let answer = first;
  while (answer["state"] === "stopping" && cli.now() < ends && !cli.signal.aborted) {
    await cli.pause(POLL_MS);
    answer = await client.json({ as: "near", path: `/v1/brakes/${encodeURIComponent(textAt(answer, "id"))}` });
  }
  return answer;
}
