import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { SecretRef, UpstreamTerms } from "@countersign/core";

export type Environment = Readonly<Record<string, string | undefined>>;
export type ResolvedSecret =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; /** Names where the secret should have been, never what it is. */ readonly reason: string };

const COMMAND_MS = 10_000;
const MAX_BYTES = 64 * 1024;
const run = promisify(execFile);

/** Reads a secret from where the configuration says that it is. Called at the moment of use; the value is kept nowhere else. */
export async function resolveSecret(ref: SecretRef, environment: Environment): Promise<ResolvedSecret> {
  if ("fromEnv" in ref) return present(environment[ref.fromEnv], `the environment variable \`${ref.fromEnv}\``);
  if ("fromFile" in ref) {
    const text = await readFile(ref.fromFile, "utf8").catch(() => undefined);
    return present(text, `the file \`${ref.fromFile}\``);
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

export type ResolvedEnvironment =
  | { readonly ok: true; readonly environment: Readonly<Record<string, string>>; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** The whole environment of a stdio upstream: the least of ours, and what its terms name. */
export async function upstreamEnvironment(terms: UpstreamTerms, ours: Environment): Promise<ResolvedEnvironment> {
  const environment = baseEnvironment(ours);
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(terms.env)) {
    if (typeof value === "string") {
      environment[name] = value;
      continue;
    }
    const secret = await resolveSecret(value, ours);
    if (!secret.ok) return secret;
    environment[name] = secret.value;
    secrets.push(secret.value);
  }
  return { ok: true, environment, secrets };
}

function present(text: string | undefined, where: string): ResolvedSecret {
  const value = text?.trim() ?? "";
  return value === "" ? { ok: false, reason: `${where} holds no secret; set it and try again` } : { ok: true, value };
}
