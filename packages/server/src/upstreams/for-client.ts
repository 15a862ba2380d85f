import { AppError, type Json, type McpTerms, type SecretRef, type UpstreamTerms, textsOf } from "@countersign/core";
import { digestOf } from "@countersign/credentials";
import type { BuiltChange } from "../approvals/index.ts";
import { sameTerms } from "../config/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Put } from "../store/index.ts";
import { reachDigest } from "./sealed-terms.ts";

/** An upstream as a bundle proposes it: its terms are whole, its secrets kept. */
export interface UpstreamDraft {
  readonly id: string;
  readonly terms: McpTerms;
}

/**
 * What a signature puts in force so that a client's server is guarded; null when nothing is missing. What an administrator said before
 * about effects and resources of an upstream in force stays.
 * @throws AppError `approval.changed` when another upstream has that name
 */
export async function upstreamForClient(kernel: Kernel, { id, terms }: UpstreamDraft): Promise<BuiltChange | null> {
  const known = await kernel.store.get("upstream", id);
  const inForce = known?.state.status === "active" ? known : null;
  const wanted = inForce === null ? terms : await grown(kernel, { id, terms, known: inForce.terms });
  if (inForce !== null && sameTerms(inForce.terms, wanted)) return null;
  const put: Put = { kind: "upstream", id, terms: wanted, state: { status: "active" }, authority: null };
  return {
    bound: [put],
    also: [],
    expect: [{ kind: "upstream", id, version: known?.version ?? 0 }],
    shown: shownUpstream(id, wanted, inForce?.terms.kind === "mcp" ? inForce.terms : null),
    sentence: `guard ${id}`,
  };
}

async function grown(
  kernel: Kernel,
  { id, terms, known }: UpstreamDraft & { readonly known: UpstreamTerms },
): Promise<McpTerms> {
  if (known.kind !== "mcp" || (await reachDigest(kernel, known)) !== (await reachDigest(kernel, terms))) {
    throw new AppError("approval.changed", {
      detail: `there is an upstream \`${id}\` that is reached otherwise; sign in with \`countersign login\` and connect again`,
      details: { upstream: id },
    });
  }
  return {
    ...known,
    effects: { ...terms.effects, ...known.effects },
    resources: { ...terms.resources, ...known.resources },
    pins: { ...known.pins, ...terms.pins },
  };
}

/**
 * Everything of the terms that a person can judge, what is in force where it would become something else, and the digest of the definitions,
 * which a gateway holds the upstream to.
 */
function shownUpstream(id: string, terms: McpTerms, before: McpTerms | null): Json {
  const { command, cwd, url, env, headers, auth, effects, resources, critical, pins } = terms;
  const names = [...new Set([...Object.keys(pins ?? {}), ...Object.keys(effects), ...Object.keys(resources)])];
  return {
    name: id,
    change: before === null ? "new" : "accept its tools as they are now",
    ...(command === null ? { url: url ?? "" } : { command: [...command], cwd: cwd ?? "/" }),
    ...(Object.keys(env).length === 0 ? {} : { environment: shownValues(env) }),
    ...(headers === undefined ? {} : { headers: shownValues(headers) }),
    ...(auth === null ? {} : { token: shownValue(auth.bearer) }),
    ...(critical.length === 0 ? {} : { critical: [...critical] }),
    tools: Object.fromEntries(names.map((name) => [name, shownTool(name, terms, before)])),
    definitions: digestOf(pins),
  };
}

function shownTool(name: string, terms: McpTerms, before: McpTerms | null): Json {
  const [now, pin] = [judged(name, terms), own(terms.pins, name)];
  const offered = pin === undefined ? ", not offered now" : "";
  if (before === null) return now + offered;
  const [was, old] = [judged(name, before), own(before.pins, name)];
  const defined = old === pin ? "" : old === undefined ? ", a new tool" : ", defined otherwise than before";
  return `${now}${offered}${now === was ? "" : `, until now ${was}`}${defined}`;
}

function judged(name: string, { effects, resources }: McpTerms): string {
  const resource = own(resources, name);
  return `${own(effects, name) ?? "as it says itself"}${resource === undefined ? "" : ` of ${textsOf(resource).join(" and ")}`}`;
}

function own<T>(of: Readonly<Record<string, T>> | null, name: string): T | undefined {
  return of !== null && Object.hasOwn(of, name) ? of[name] : undefined;
}

function shownValues(named: Readonly<Record<string, string | SecretRef>>): Json {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, shownValue(value)]));
}

function shownValue(value: string | SecretRef): Json {
  if (typeof value === "string") return value;
  return "fromStore" in value ? "secret, kept sealed" : value;
}
