import type { Surroundings } from "../cli.ts";
import type { Client } from "../client/api.ts";
import type { Send } from "../mcp-bridge/index.ts";
import { notifyDesktop } from "./attention.ts";
import { WaitingApprovals } from "./waiting-approvals.ts";

/** A call that has an answer by then waits for nobody. */
const FIRST_LOOK_MS = 1000;
const LOOK_MS = 2000;

interface Watching {
  readonly client: Client;
  readonly cli: Surroundings;
  /** The task whose calls are watched; null while there is none. */
  readonly task: () => string | null;
}

/**
 * `send`, and a notification of the desktop when a call of this task waits for the person. Where the control plane runs on this
 * machine its own terminal says so, and nothing is added here.
 */
export function tellingDesktop(send: Send, { client, cli, task }: Watching): Send {
  if (client.places.socketPath !== null || !cli.env.hasDisplay) return send;
  const approvals = new WaitingApprovals(client, "session");
  const unanswered = new Set<object>();
  let looking = false;
  const watch = async (): Promise<void> => {
    looking = true;
    for (let wait = FIRST_LOOK_MS; !cli.signal.aborted; wait = LOOK_MS) {
      await cli.pause(wait);
      if (unanswered.size === 0) break;
      const id = task();
      const look = id === null ? null : await approvals.look(id);
      for (const one of look?.added ?? []) notifyDesktop(one, cli.env);
    }
    looking = false;
  };
  return async (request, signal) => {
    // Nobody waits for the end of a session's stream.
    if (request.method !== "POST") return await send(request, signal);
    const call = {};
    const answered = (): void => void unanswered.delete(call);
    unanswered.add(call);
    signal.addEventListener("abort", answered, { once: true });
    if (!looking) {
      watch().catch((error: unknown) => {
        cli.stderr.write(`countersign: no more notifications (${error instanceof Error ? error.name : "error"})\n`);
      });
    }
    try {
      const answer = await send(request, signal);
      if (answer.body === null) answered();
      return { ...answer, body: answer.body === null ? null : read(answer.body, answered) };
    } catch (error) {
      answered();
      throw error;
    }
  };
}

async function* read(body: AsyncIterable<Uint8Array>, answered: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    answered();
  }
}
