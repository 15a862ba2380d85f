import type { BrakeScope } from "@countersign/core";
import { askStop } from "../client/ask-stop.ts";
import { withClient } from "../client/client.ts";
import { scopeValue } from "../client/resolve-names.ts";
import { type Command, command } from "../command/command.ts";
import { REACH, WAIT } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { noteUnmapped } from "../upstreams/unmapped-tools.ts";

type Kind = "freeze" | "sever";

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
      wait: WAIT,
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
        const body = { kind, scope: resolved, reason: values.reason };
        const code = await askStop(client, cli, { path: "/v1/brakes", body, wait: values.wait });
        if (scope.type === "resource") await noteUnmapped(client, cli, scope.value);
        return code;
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
