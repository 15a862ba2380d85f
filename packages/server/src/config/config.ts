import { readFile } from "node:fs/promises";
import { AppError, type Settings, type UpstreamTerms, canonicalJson } from "@countersign/core";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { assertSafe } from "./addresses.ts";
import { type Database, databaseKey, readDatabase } from "./database.ts";
import { settlePublicAddress } from "./public-address.ts";
import { invalid } from "./invalid.ts";
import { type Tls, readTls } from "./tls.ts";
import { termsOf, upstreamKey, withAuthorities } from "./upstreams.ts";

const MOST_BYTES = 1_048_576;

const address = z
  .string("write it as host:port, for instance 127.0.0.1:7340")
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "write it as host:port, for instance 127.0.0.1:7340")
  .refine((text) => Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535, "names a port above 65535");

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "use small letters, digits, - and _");

/** `countersign.yaml`: unknown keys are errors, secrets are references. */
const file = z.strictObject({
  version: z.literal(1).default(1),
  publicUrl: z.string().max(2000).optional(),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  behindProxy: z.boolean().default(false),
  trustDomain: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, "use small letters, digits, `.`, `-` and `_`")
    .default("localhost"),
  listen: z
    .strictObject({
      api: address.optional(),
      gateway: address.default("127.0.0.1:7331"),
      postgres: address.default("127.0.0.1:7332"),
    })
    .prefault({}),
  database: databaseKey,
  upstreams: z.record(name, upstreamKey).default({}),
  approvals: z
    .strictObject({
      waitSeconds: z.number().min(0).max(300).default(45),
      expirySeconds: z.number().min(1).max(86_400).default(900),
    })
    .prefault({}),
  lease: z
    .strictObject({
      seconds: z.number().min(1).max(60).default(3),
      renewSeconds: z.number().min(0.1).max(20).default(1),
      marginMs: z.number().int().min(100).max(10_000).default(500),
    })
    .prefault({}),
  limits: z
    .strictObject({
      argumentsBytes: z.number().int().min(1024).max(67_108_864).default(1_048_576),
      depth: z.number().int().min(4).max(128).default(64),
    })
    .prefault({}),
});

export interface Config {
  readonly settings: Settings;
  readonly upstreams: Readonly<Record<string, UpstreamTerms>>;
  /** `postgres` is listened on once there is a database to guard. */
  readonly listen: { readonly api: string; readonly gateway: string; readonly postgres: string };
  readonly tls: Tls | null;
  readonly behindProxy: boolean;
  /** Another address than the one that passkeys are bound to: it was asked for, and is not used. */
  readonly refusedUrl: string | null;
  /** Other servers may answer for the same installation. */
  readonly isShared: boolean;
}
export interface ConfigSource {
  /** Address of an installation that exists; null for a new data directory. */
  readonly storedPublicUrl: string | null;
  /** The address that passkeys are bound to; null before there is a person. */
  readonly boundUrl: string | null;
  /** The port that this data directory listened on before; null for a new one. */
  readonly formerPort: number | null;
  /** Other servers may answer for the same installation. */
  readonly isShared: boolean;
  readonly now: number;
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of the command line: they win. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** Reads and checks the configuration. @throws AppError `config.invalid` naming the key, `config.secret_literal` */
export async function readConfig(source: ConfigSource): Promise<Config> {
  const parsed = file.safeParse({
    ...(await readYaml(source.file)),
    ...fromEnvironment(source.environment),
    ...source.overrides,
  });
  if (!parsed.success) throw invalid(parsed.error, source.file);
  const { data } = parsed;
  const { behindProxy, tls } = data;
  const { publicUrl, api, refused } = await settlePublicAddress(
    { publicUrl: data.publicUrl, api: data.listen.api, hasTls: tls !== undefined, behindProxy },
    {
      bound: source.boundUrl,
      shared: source.isShared ? source.storedPublicUrl : null,
      former: source.formerPort,
    },
  );
  // The gateway has no certificate of its own.
  assertSafe([data.listen.gateway], { hasTls: false, behindProxy });
  const { protocol, hostname } = new URL(publicUrl);
  const isOurs = tls !== undefined && protocol === "https:";
  return {
    settings: {
      publicUrl,
      trustDomain: data.trustDomain,
      approvals: data.approvals,
      lease: data.lease,
      limits: data.limits,
    },
    upstreams: await termsOfAll(data.upstreams),
    listen: { api, gateway: data.listen.gateway, postgres: data.listen.postgres },
    tls: isOurs ? await readTls(tls, { host: hostname, now: source.now }) : null,
    behindProxy,
    refusedUrl: refused,
    isShared: source.isShared,
  };
}

async function termsOfAll(upstreams: z.infer<typeof file>["upstreams"]): Promise<Config["upstreams"]> {
  const all = Object.entries(upstreams).map(async ([id, given]) => [id, termsOf(id, await withAuthorities(id, given))]);
  return Object.fromEntries(await Promise.all(all)) as Config["upstreams"];
}

/** Where the state of the installation is: known before anything else of the configuration. @throws as `readConfig` */
export async function readDatabasePlace({
  file,
  environment,
}: Pick<ConfigSource, "file" | "environment">): Promise<Database> {
  return await readDatabase({ file: (await readYaml(file))["database"], environment });
}

async function readYaml(path: string | null): Promise<Record<string, unknown>> {
  if (path === null) return {};
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new AppError("config.invalid", { cause: error, detail: `the configuration \`${path}\` cannot be read` });
  }
  if (text.length > MOST_BYTES)
    throw new AppError("config.invalid", { detail: `the configuration \`${path}\` is larger than 1 MiB` });
  try {
    const value: unknown = parseYaml(text, { uniqueKeys: true, maxAliasCount: 10 });
    if (value === null) return {};
    if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    const where = (error as { linePos?: readonly { line: number }[] }).linePos?.[0]?.line;
    throw new AppError("config.invalid", {
      cause: error,
      detail: `\`${path}\`${where === undefined ? "" : ` line ${String(where)}`} is not valid YAML`,
    });
  }
  throw new AppError("config.invalid", { detail: `\`${path}\` must hold keys and values` });
}

/** Groups whose values are no numbers. */
const TEXTS: ReadonlySet<string> = new Set(["listen", "tls"]);

/** `COUNTERSIGN_PUBLIC_URL`, `COUNTERSIGN_LISTEN_API` …: each key of the file, in capitals. */
function fromEnvironment(environment: ConfigSource["environment"]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (environment["COUNTERSIGN_PUBLIC_URL"] !== undefined) out["publicUrl"] = environment["COUNTERSIGN_PUBLIC_URL"];
  if (environment["COUNTERSIGN_TRUST_DOMAIN"] !== undefined)
    out["trustDomain"] = environment["COUNTERSIGN_TRUST_DOMAIN"];
  if (environment["COUNTERSIGN_BEHIND_PROXY"] !== undefined)
    out["behindProxy"] = environment["COUNTERSIGN_BEHIND_PROXY"] === "true";
  const groups = {
    listen: ["api", "gateway", "postgres"],
    tls: ["cert", "key"],
    approvals: ["waitSeconds", "expirySeconds"],
    lease: ["seconds", "renewSeconds", "marginMs"],
    limits: ["argumentsBytes", "depth"],
  };
  for (const [group, keys] of Object.entries(groups)) {
    const values = keys.flatMap((key) => {
      const text =
        environment[`COUNTERSIGN_${group.toUpperCase()}_${key.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`];
      return text === undefined ? [] : [[key, TEXTS.has(group) ? text : Number(text)] as const];
    });
    if (values.length > 0) out[group] = Object.fromEntries(values);
  }
  return out;
}

/** Equal terms, whatever the order of keys; pins are not part of the file. */
export function sameTerms(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
