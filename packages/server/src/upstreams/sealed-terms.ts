import {
  AppError,
  type McpTerms,
  type PostgresTerms,
  type SecretRef,
  type TermsOf,
  type UpstreamTerms,
} from "@countersign/core";
import { digestOf, sha256 } from "@countersign/credentials";
import type { Kernel } from "../kernel.ts";
import { type SealedSecret, readSecret, sealSecret } from "../secrets/index.ts";

/** Values that an upstream needs and that nobody may read: by name of the variable, by name of the header, its token, its password. */
export interface UpstreamSecrets {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly bearer?: string | undefined;
  /** Of a database. */
  readonly password?: string | undefined;
}

/**
 * Seals each value and answers the terms with its name in its place (`sealSecret`). What is never signed is kept sealed and used by nothing.
 */
export async function sealSecrets<K extends UpstreamTerms["kind"]>(
  kernel: Kernel,
  terms: TermsOf<K>,
  secrets: UpstreamSecrets,
): Promise<TermsOf<K>>;
export async function sealSecrets(
  kernel: Kernel,
  terms: UpstreamTerms,
  secrets: UpstreamSecrets,
): Promise<UpstreamTerms> {
  const blobs: SealedSecret["blob"][] = [];
  const keep: Keep = async (value) => {
    const { ref, blob } = await sealSecret(kernel, value);
    blobs.push(blob);
    return ref;
  };
  const sealed =
    terms.kind === "mcp" ? await sealedServer(terms, secrets, keep) : await sealedDatabase(terms, secrets, keep);
  if (blobs.length > 0) await kernel.store.commit({ blobs });
  return sealed;
}

type Keep = (value: string) => Promise<SecretRef>;

async function sealedServer(terms: McpTerms, secrets: UpstreamSecrets, keep: Keep): Promise<McpTerms> {
  if (secrets.password !== undefined) throw unused("password");
  const all = async (values: Readonly<Record<string, string>> = {}): Promise<Record<string, SecretRef>> => {
    const refs = Object.entries(values).map(async ([name, value]) => [name, await keep(value)] as const);
    return Object.fromEntries(await Promise.all(refs));
  };
  const headers = { ...terms.headers, ...(await all(secrets.headers)) };
  return {
    ...terms,
    env: { ...terms.env, ...(await all(secrets.env)) },
    auth: secrets.bearer === undefined ? terms.auth : { bearer: await keep(secrets.bearer) },
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

async function sealedDatabase(
  terms: PostgresTerms,
  { env, headers, bearer, password }: UpstreamSecrets,
  keep: Keep,
): Promise<PostgresTerms> {
  if (bearer !== undefined || Object.keys({ ...env, ...headers }).length > 0) throw unused("env, headers or bearer");
  return password === undefined ? terms : { ...terms, password: await keep(password) };
}

function unused(what: string): AppError {
  return new AppError("request.invalid", { detail: `\`secrets\`: an upstream of this kind takes no ${what}` });
}

/**
 * Digest of how an upstream is reached: what runs, or is called with a secret, when it is asked for its tools. Kept secrets count by their
 * value, so that the same one under another name is no difference.
 */
export async function reachDigest(kernel: Kernel, terms: UpstreamTerms): Promise<string> {
  const valued = async (ref: string | SecretRef): Promise<unknown> => {
    if (typeof ref === "string" || !("fromStore" in ref)) return ref;
    const value = await readSecret(kernel, ref.fromStore);
    return { kept: value === null ? null : sha256(value), name: value === null ? ref.fromStore : "" };
  };
  const all = async (named: Readonly<Record<string, string | SecretRef>>): Promise<Record<string, unknown>> => {
    const out = Object.entries(named).map(async ([name, ref]) => [name, await valued(ref)] as const);
    return Object.fromEntries(await Promise.all(out));
  };
  if (terms.kind === "postgres") {
    const { kind, url, password, tls, ca = null } = terms;
    return digestOf({ kind, url, tls, ca, password: password === null ? null : await valued(password) });
  }
  const { kind, command, cwd = null, url, env, headers = {}, auth } = terms;
  const bearer = auth === null ? null : await valued(auth.bearer);
  return digestOf({ kind, command, cwd, url, env: await all(env), headers: await all(headers), bearer });
}
