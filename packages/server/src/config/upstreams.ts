import { readFile } from "node:fs/promises";
import {
  AppError,
  EFFECTS,
  type Effect,
  LIMIT_NAMES,
  type Limits,
  MASKS,
  MOST_LIMIT,
  type Mask,
  type McpTerms,
  type PostgresTerms,
  type ResourceMapping,
  type SecretRef,
  type UpstreamTerms,
  isLoopback,
  parseMapping,
  postgresUrl,
  readPostgresUrl,
} from "@countersign/core";
import { z } from "zod";
import { invalid } from "./invalid.ts";

interface GivenMcp {
  readonly kind: "mcp";
  readonly command?: string[] | undefined;
  readonly cwd?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Record<string, string | SecretRef>;
  readonly env: Record<string, string | SecretRef>;
  readonly auth?: { readonly bearer: SecretRef } | undefined;
  readonly effects: Record<string, Effect>;
  readonly resources: Record<string, ResourceMapping>;
  readonly critical: string[];
}
interface GivenPostgres {
  readonly kind: "postgres";
  readonly url: string;
  readonly password?: SecretRef | undefined;
  readonly tls: PostgresTerms["tls"];
  /** Certificates in PEM, or the file that holds them. */
  readonly ca?: string | { readonly fromFile: string } | undefined;
  readonly critical: string[];
  readonly masking: Record<string, Mask>;
  readonly recording: PostgresTerms["recording"];
  readonly limits: Limits;
}
type Given = GivenMcp | GivenPostgres;

const secretRef: z.ZodType<SecretRef> = z.union([
  z.strictObject({ fromEnv: z.string().min(1) }),
  z.strictObject({ fromFile: z.string().min(1) }),
  z.strictObject({ fromCommand: z.array(z.string()).min(1) }),
]);
const secretName = /(token|secret|password|passwd|api[-_]?key|credential|authorization|cookie)/i;
const mapping = z
  .union([z.string(), z.array(z.string().min(1)).min(1)])
  .transform((given, context): ResourceMapping => {
    const parsed = parseMapping(given);
    if (parsed.ok) return parsed.mapping;
    context.addIssue({ code: "custom", message: parsed.reason });
    return z.NEVER;
  });
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "is not the name of a header");
const mcp = z.strictObject({
  kind: z.literal("mcp"),
  command: z.array(z.string().min(1)).min(1).optional(),
  cwd: z.string().startsWith("/", "must be an absolute path").optional(),
  url: z.url().optional(),
  headers: z.record(headerName, z.union([z.string(), secretRef])).default({}),
  env: z.record(z.string(), z.union([z.string(), secretRef])).default({}),
  auth: z.strictObject({ bearer: secretRef }).optional(),
  effects: z.record(z.string(), z.enum(EFFECTS)).default({}),
  resources: z.record(z.string(), mapping).default({}),
  critical: z.array(z.string()).default([]),
});

const ceiling = z.number().int().min(0).max(MOST_LIMIT).optional();
/** Ceilings of statements, of an upstream or of one grant. */
export const limitsKey: z.ZodType<Limits> = z.strictObject(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, ceiling])),
);
const MOST_PEM = 262_144;
const COLUMN = /^[^.\s]{1,189}\.[^.\s]{1,189}\.[^.\s]{1,189}$/;
const postgres = z.strictObject({
  kind: z.literal("postgres"),
  url: z.string().max(2000),
  password: secretRef.optional(),
  tls: z.enum(["verify-full", "disable"]).default("verify-full"),
  ca: z.union([z.string().max(MOST_PEM), z.strictObject({ fromFile: z.string().min(1) })]).optional(),
  critical: z.array(z.string().max(1024)).max(1000).default([]),
  masking: z.record(z.string().regex(COLUMN, "must name a column: schema.relation.column"), z.enum(MASKS)).default({}),
  recording: z.enum(["durable", "batched"]).default("durable"),
  limits: limitsKey.default({}),
});
/** One upstream of `countersign.yaml`: unknown keys are errors, secrets are references. */
export const upstreamKey: z.ZodType<Given> = z.discriminatedUnion("kind", [mcp, postgres]);

/** The terms of one upstream as a caller gives them. @throws AppError `config.invalid`, `config.secret_literal` */
export function parseUpstream(id: string, value: unknown): UpstreamTerms {
  const parsed = upstreamKey.safeParse(value);
  if (!parsed.success) throw invalid(parsed.error, null);
  return termsOf(id, parsed.data);
}

/** @throws AppError `config.invalid`, `config.secret_literal` */
export function termsOf(id: string, given: Given): UpstreamTerms {
  return given.kind === "postgres" ? postgresTerms(id, given) : mcpTerms(id, given);
}

/** The certificates that a file names, in its place: what is signed is what is trusted. @throws AppError `config.invalid` */
export async function withAuthorities(id: string, given: Given): Promise<Given> {
  if (given.kind !== "postgres" || typeof given.ca !== "object") return given;
  const { fromFile } = given.ca;
  const text = await readFile(fromFile, "utf8").catch((cause: unknown) => {
    throw new AppError("config.invalid", { cause, detail: `\`upstreams.${id}.ca\`: \`${fromFile}\` cannot be read` });
  });
  return { ...given, ca: text };
}

function mcpTerms(id: string, u: GivenMcp): McpTerms {
  if ((u.command === undefined) === (u.url === undefined)) {
    throw new AppError("config.invalid", { detail: `upstream \`${id}\` needs either \`command\` or \`url\`` });
  }
  for (const part of ["env", "headers"] as const) {
    const literal = Object.entries(u[part]).find(([key, value]) => typeof value === "string" && secretName.test(key));
    if (literal === undefined) continue;
    throw new AppError("config.secret_literal", {
      detail: `\`upstreams.${id}.${part}.${literal[0]}\` holds a secret as text; write {fromEnv: NAME} or {fromFile: PATH}`,
    });
  }
  return {
    kind: "mcp",
    command: u.command ?? null,
    ...(u.cwd === undefined ? {} : { cwd: u.cwd }),
    url: u.url ?? null,
    ...(Object.keys(u.headers).length === 0 ? {} : { headers: u.headers }),
    env: u.env,
    auth: u.auth ?? null,
    effects: u.effects,
    resources: u.resources,
    critical: u.critical,
    pins: null,
  };
}

function postgresTerms(id: string, u: GivenPostgres): PostgresTerms {
  const wrong = (key: string, what: string): AppError =>
    new AppError("config.invalid", { detail: `\`upstreams.${id}.${key}\` ${what}` });
  const read = readPostgresUrl(u.url);
  if (!read.ok) {
    const holdsSecret = /^[a-z]+:\/\/[^/@]*:[^/@]*@/.test(u.url);
    throw new AppError(holdsSecret ? "config.secret_literal" : "config.invalid", {
      detail: `\`upstreams.${id}.url\` ${read.reason}`,
    });
  }
  if (u.tls === "disable" && !isLoopback(read.place.host))
    throw wrong("tls", "is disabled for another machine; only a server on the gateway's own machine goes without");
  if (typeof u.ca === "object") throw wrong("ca", "must be the certificates themselves, in PEM");
  if (u.ca !== undefined && !isCertificates(u.ca)) throw wrong("ca", "holds no certificates in PEM, or more than them");
  return {
    kind: "postgres",
    url: postgresUrl(read.place),
    password: u.password ?? null,
    tls: u.tls,
    ...(u.ca === undefined ? {} : { ca: u.ca }),
    critical: u.critical,
    masking: u.masking,
    recording: u.recording,
    limits: u.limits,
  };
}

/** INV-9: a key that was put beside its certificate would stand in what everybody reads. */
function isCertificates(text: string): boolean {
  return text.includes("-----BEGIN CERTIFICATE-----") && !/-----BEGIN [A-Z ]*KEY-----/.test(text);
}
