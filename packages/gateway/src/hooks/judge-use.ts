import type { TaskId } from "@countersign/core";
import type { Claims, Effector, Releaser } from "@countersign/enforce";
import { type GatewayContext, activeUpstream, challengeHeaders } from "../mcp/index.ts";
import type { HookClient } from "./clients/index.ts";
import { formHookCall } from "./form-hook-call.ts";
import type { HookAnswer } from "./hook-answer.ts";
import type { ToolUse } from "./hook-event.ts";
import { hookWords } from "./hook-words.ts";
import type { OwnPlaces } from "./own-places.ts";
import type { Outcomes } from "./outcomes.ts";

/** One use that waits to be judged, with who asks. */
export interface AskedUse {
  readonly context: GatewayContext;
  readonly outcomes: Outcomes;
  readonly client: HookClient;
  readonly home: string;
  /** The client's MCP servers that are started as `countersign mcp UPSTREAM`: what it calls them, and the upstream. */
  readonly servers: Readonly<Record<string, string>>;
  readonly own: OwnPlaces;
  readonly claims: Claims;
  readonly use: ToolUse;
  readonly answer: HookAnswer;
  /** Aborts when nobody waits for the end of this use any more. */
  readonly controller: AbortController;
}

/** Longest inline wait for a human: clients give a hook a minute, and on a busy machine it takes seconds to ask and to answer. */
const WAIT_MS = 45_000;

/** Takes one use through the enforcement point: the answer to the hook is what sets the client's own hands free. Never rejects. */
export async function judgeUse(asked: AskedUse): Promise<void> {
  const { context, client, home, own, claims, use, answer, controller } = asked;
  const call = formHookCall(use, {
    client,
    home,
    own,
    governed: (server, tool) => isGoverned(asked, server, tool),
    argumentsBytes: context.point.settings().limits.argumentsBytes,
  });
  if (call === null && claims.ok) return answer.verdict({ decision: "none" });
  const action = call ?? {
    refused: { step: "credential" as const, code: "credential.missing" as const, reason: "the hook has no credential" },
    action: `tool:${client}/inward`,
    resource: null,
  };
  const { signal } = controller;
  await context.point.enforce({ claims, call: action, signal, waitMs: WAIT_MS }, effectorOf(asked), releaserOf(asked));
}

/** Clients write names with other signs in place of those that they do not allow. */
const plain = (name: string): string => name.replaceAll(/[^A-Za-z0-9-]/g, "_");

function isGoverned({ context, servers }: AskedUse, server: string, tool: string | null): boolean {
  const named = Object.entries(servers).find(([name]) => plain(name) === plain(server));
  const upstream = named === undefined ? null : activeUpstream(context, named[1]);
  if (upstream === null) return false;
  const { pins } = upstream.terms;
  if (tool === null || pins === null || OWN_TOOL.test(tool)) return true;
  return Object.keys(pins).some((pinned) => plain(pinned) === plain(tool));
}

/** Tools that the gateway and the shim add. */
const OWN_TOOL = /^countersign_\w+$/;

/** The wire of a hook is its answer: `write` puts the permit on it, and the client's own later word is what comes back. */
function effectorOf({ outcomes, claims, use, answer, controller }: AskedUse): Effector<null> {
  const task: TaskId | null = claims.ok ? claims.chain.task : null;
  return {
    prepare: async () =>
      await Promise.resolve({
        ok: true,
        write: async () => {
          if (!answer.open) controller.abort();
          answer.verdict({ decision: "permit" });
          return await outcomes.wait(task ?? "-", use, () => controller.abort());
        },
        cancel: () => undefined,
      }),
  };
}

function releaserOf({ context, answer }: AskedUse): Releaser<null> {
  return {
    partial: () => undefined,
    answer: () => undefined,
    refusal: (refusal, detail) => {
      if (refusal.step === "credential") {
        answer.unauthorized(refusal, challengeHeaders(context.authenticator.nonce(), refusal.code, false));
        return;
      }
      answer.verdict({ decision: refusal.decision, text: hookWords(refusal, detail), refusal });
    },
  };
}
