import { join } from "node:path";
import { AppError, type Clock } from "@countersign/core";
import { generateSigningKey, parseJoinToken } from "@countersign/credentials";
import { takePlace } from "@countersign/enforce";
import { fetchBundle } from "./fetch-bundle.ts";
import { type GatewayIdentity, makePrivate, saveIdentity } from "./identity-file.ts";

export interface JoinOptions {
  readonly servers: readonly string[];
  readonly token: string;
  /** `--name`: the token must be for it; null: whatever the token says. */
  readonly name: string | null;
  /** Where the identity is kept; null: in a folder of its name below `base`. */
  readonly directory: string | null;
  readonly base: string;
  readonly now: Clock;
}

const DIAL_MS = 10_000;

/**
 * Takes the place of a join token and keeps what it was given. The server is compared with the token before anything secret is sent.
 * @throws AppError `join.refused`, `join.other_bundle`, `point.in_use`, `server.unreachable`, `config.invalid`
 */
export async function joinGateway(options: JoinOptions): Promise<{ identity: GatewayIdentity; directory: string }> {
  const { servers, name, base, now } = options;
  const token = parseJoinToken(options.token);
  if (token === null)
    throw new AppError("join.refused", {
      detail: "this is not a join token as `countersign gateway token` prints it",
    });
  // A token is used once: that what it gives can be kept is certain before.
  makePrivate(options.directory ?? base);
  const key = generateSigningKey("P-256");
  const taken = await firstThatAnswers(servers, async (url) => {
    const bundle = await fetchBundle(url, token.bundleHash);
    return await takePlace({ url, bundle, now, timeoutMs: DIAL_MS, token, key, ...(name === null ? {} : { name }) });
  });
  const identity = { ...taken, key, servers };
  const directory = options.directory ?? join(base, identity.name);
  saveIdentity(directory, identity);
  return { identity, directory };
}

async function firstThatAnswers<T>(servers: readonly string[], ask: (server: string) => Promise<T>): Promise<T> {
  let last: unknown = new AppError("server.unreachable", { detail: "no server was named" });
  for (const server of servers) {
    try {
      return await ask(server);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "server.unreachable") throw error;
      last = error;
    }
  }
  throw last;
}
