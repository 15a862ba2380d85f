import http from "node:http";
import https from "node:https";
import { AppError } from "@countersign/core";
import { bundleHash, parseBundle } from "@countersign/credentials";
import { readBody } from "../client/transport.ts";

const LIMIT_BYTES = 65_536;
const PATIENCE_MS = 10_000;

/**
 * The trust bundle of a server, if it is the one that a join token names. Nothing secret is sent. Who answers need not be known: whatever
 * comes is compared with the hash that a person brought here.
 * @throws AppError `join.other_bundle`, `server.unreachable`
 */
export async function fetchBundle(server: string, hash: string): Promise<string> {
  const pem = (await readBody(await ask(new URL("/v1/trust-bundle", server)), LIMIT_BYTES)).toString("latin1");
  const parsed = parseBundle(pem);
  if (parsed.ok && bundleHash(parsed.bundle) === hash) return pem;
  throw new AppError("join.other_bundle", {
    detail: `\`${server}\` is not the installation that the join token is from; nothing was sent to it`,
  });
}

async function ask(url: URL): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const options = { timeout: PATIENCE_MS, signal: AbortSignal.timeout(PATIENCE_MS) };
  const request =
    url.protocol === "https:"
      ? https.get(url, { ...options, rejectUnauthorized: false }, resolve)
      : http.get(url, options, resolve);
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.on("error", (error: NodeJS.ErrnoException) =>
    reject(
      new AppError("server.unreachable", {
        cause: error,
        detail: `nothing answers at \`${url.origin}\` (${error.code ?? error.message}); is it the address of the control plane?`,
      }),
    ),
  );
  return await promise;
}
