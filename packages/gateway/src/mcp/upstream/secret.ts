import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { SecretRef, McpTerms } from "@countersign/core";

export type Environment = Readonly<Record<string, string | undefined>>;
/** Where the secrets of upstreams are found. */
export interface SecretSources {
  readonly environment: Environment;
  /** What the control plane keeps sealed under that name; null when there is nothing. May reject. */
  readonly stored: (name: string) => Promise<string | null>;
}
export type ResolvedSecret =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; /** Names where the secret should have been, never what it is. */ readonly reason: string };

const COMMAND_MS = 10_000;
const MAX_BYTES = 64 * 1024;
const run = promisify(execFile);

/** Reads a secret from where the configuration says that it is. Called at the moment of use; the value is kept nowhere else. */
export async function resolveSecret(ref: SecretRef, { environment, stored }: SecretSources): Promise<ResolvedSecret> {
  if ("fromEnv" in ref) return present(environment[ref.fromEnv], `the environment variable \`${ref.fromEnv}\``);
  if ("fromFile" in ref) {
    const text = await readFile(ref.fromFile, "utf8").catch(() => undefined);
    return present(text, `the file \`${ref.fromFile}\``);
  }
  if ("fromStore" in ref) {
    const text = await stored(ref.fromStore).catch(() => null);
    return present(text ?? undefined, "the control plane");
  }
  const [program = "", ...args] = ref.fromCommand;
  const options = { timeout: COMMAND_MS, maxBuffer: MAX_BYTES, shell: false, env: baseEnvironment(environment) };
  const text = await run(program, args, options).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
  return present(text, `the command \`${program}\``);
}

/** What every child process may know of our environment. */
export function baseEnvironment(environment: Environment): Record<string, string> {
  const names = ["PATH", "HOME", "LANG"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

export type ResolvedValues =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>>; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** The whole environment of a stdio upstream: the least of ours, and what its terms name. */
export async function upstreamEnvironment({ env }: McpTerms, sources: SecretSources): Promise<ResolvedValues> {
  const resolved = await resolveValues(env, sources);
  return resolved.ok
    ? { ...resolved, values: { ...baseEnvironment(sources.environment), ...resolved.values } }
    : resolved;
}

/** The headers of each request to an upstream: its token, and what its terms name. */
export async function upstreamHeaders({ auth, headers }: McpTerms, sources: SecretSources): Promise<ResolvedValues> {
  const named = await resolveValues(headers ?? {}, sources);
  if (!named.ok || auth === null) return named;
  const token = await resolveSecret(auth.bearer, sources);
  if (!token.ok) return token;
  const values = { ...named.values, authorization: `Bearer ${token.value}` };
  return { ok: true, values, secrets: [...named.secrets, token.value] };
}

async function resolveValues(
  named: Readonly<Record<string, string | SecretRef>>,
  sources: SecretSources,
): Promise<ResolvedValues> {
  const values: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === "string") {
      values[name] = value;
      continue;
    }
    const secret = await resolveSecret(value, sources);
    if (!secret.ok) return secret;
    values[name] = secret.value;
    secrets.push(secret.value);
  }
  return { ok: true, values, secrets };
}

function present(text: string | undefined, where: string): ResolvedSecret {
  const value = text?.trim() ?? "";
  return value === "" ? { ok: false, reason: `${where} holds no secret; set it and try again` } : { ok: true, value };
}
