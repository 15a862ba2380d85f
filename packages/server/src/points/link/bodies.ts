import { EFFECTS, type Json, type JsonObject, MOST_RESOURCES, REFUSALS, STEPS, isPreview } from "@countersign/core";
import {
  type Acknowledgement,
  type Disposition,
  type Hello,
  type HoldRequest,
  type RecordRequest,
  type RenewalRequest,
  type SpoolRun,
  malformed,
} from "@countersign/enforce";
import {
  type Check,
  assertShape,
  count,
  digest,
  id,
  json,
  listOf,
  maybe,
  nullOr,
  oneOf,
  shaped,
  text,
} from "./check.ts";

type Shape = Readonly<Record<string, Check>>;

const MOST_ENTRIES = 64;
const MOST_TASKS = 10_000;
const MOST_IN_FLIGHT = 100_000;
const SHOWN_BYTES = 16_384;
const NAME_CHARS = 1024;
const RESOURCE_CHARS = 16_384;

const point = id("ep");
const name = text(NAME_CHARS);
const resource = text(RESOURCE_CHARS);
const resources = listOf(MOST_RESOURCES, resource);
const effect = oneOf(...EFFECTS);
const code = oneOf(...Object.keys(REFUSALS));
const step = oneOf(...STEPS);
const policyIds = listOf(1000, name);

const CHAIN: Shape = {
  human: nullOr(id("hum")),
  device: nullOr(id("dev")),
  agent: nullOr(id("agt")),
  task: nullOr(id("tsk")),
};
export const chain: Check = shaped(CHAIN);

/** What a point on another machine may say of itself: what it decided, what it is about to do, and what came of it. */
const ENTRY: Shape = {
  id: id("ent"),
  time: (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  kind: oneOf("action.intent", "action.outcome", "decision"),
  chain,
  agentProof: nullOr(oneOf("declared", "attested")),
  action: nullOr(name),
  resource: nullOr(resource),
  resources: maybe(resources),
  effect: nullOr(effect),
  argsCommitment: nullOr(digest),
  argsShown: nullOr(shaped({ value: json(SHOWN_BYTES), hidden: listOf(10_000, text(NAME_CHARS)) })),
  decision: nullOr(
    shaped({
      result: oneOf("permit", "deny", "hold"),
      step: nullOr(step),
      code: nullOr(code),
      policyIds,
      policySetHash: text(100),
    }),
  ),
  posture: json(SHOWN_BYTES),
  risk: nullOr((value) => typeof value === "number" && value >= 0 && value <= 100),
  approval: maybe(id("apr")),
  intent: maybe(id("int")),
  outcome: maybe(
    shaped({
      status: oneOf("ok", "error", "unknown", "unobserved", "withheld", "rolled_back"),
      resultCommitment: nullOr(digest),
      bytes: count,
    }),
  ),
  cause: maybe(json(SHOWN_BYTES)),
};

const DISCLOSURE: Shape = { entry: id("ent"), salt: digest, arguments: (value) => value !== undefined };

const HOST_PORT = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):\d{1,5}$/;
const HELLO: Shape = {
  point,
  instance: digest,
  applied: count,
  tasks: listOf(MOST_TASKS, id("tsk")),
  url: nullOr(text(2048)),
  postgres: maybe((value) => typeof value === "string" && HOST_PORT.test(value)),
  clock: (value) => typeof value === "number",
};
const RENEWAL: Shape = { point, instance: digest, applied: count, clock: (value) => typeof value === "number" };

export function readHello(body: JsonObject): Hello {
  return assertShape("join", body, HELLO) as unknown as Hello;
}

export function readRenewal(body: JsonObject): RenewalRequest {
  return assertShape("renew", body, RENEWAL) as unknown as RenewalRequest;
}

/** `again`: the point asked before and did not hear the answer. */
export function readRecord(body: JsonObject): { readonly request: RecordRequest; readonly again: boolean } {
  const { again, ...asked } = body;
  if (again !== undefined && again !== true) throw malformed("`record.again` is true or absent");
  const read = assertShape("record", asked, {
    point,
    entries: (value) => Array.isArray(value) && value.length > 0 && value.length <= MOST_ENTRIES,
    disclosure: maybe(shaped(DISCLOSURE)),
    guard: maybe(shaped({ resource: listOf(2 * MOST_RESOURCES, resource) })),
    consume: maybe(shaped({ approval: id("apr"), version: count })),
  });
  assertEntries(read["entries"] as readonly Json[]);
  return { request: read as unknown as RecordRequest, again: again === true };
}

/**
 * Frames of a spool: whoever merges them looks at the form of their entries, their chain and signature. What the point took into its spool must
 * not be refused here: it would be sent for ever.
 */
export function readRun(body: JsonObject): SpoolRun {
  const read = assertShape("merge", body, {
    point,
    spool: text(64),
    from: count,
    to: count,
    prev: digest,
    hash: digest,
    key: (value) => typeof value === "object",
    signature: text(200),
    frames: (value) => Array.isArray(value) && value.length > 0,
  });
  for (const frame of read["frames"] as readonly Json[]) {
    assertShape("frame", frame, {
      entries: (value) => Array.isArray(value) && value.length > 0 && value.length <= MOST_ENTRIES,
      disclosure: maybe(shaped(DISCLOSURE)),
    });
  }
  return read as unknown as SpoolRun;
}

function assertEntries(entries: readonly Json[]): void {
  const ids = new Set<Json>();
  for (const entry of entries) ids.add(assertShape("entry", entry, ENTRY)["id"] ?? null);
  if (ids.size < entries.length) throw malformed("two entries have the same id");
}

const HOLD: Shape = {
  policyId: name,
  policyHash: text(100),
  reason: text(4096),
  approvers: text(200),
  notRequester: (value) => typeof value === "boolean",
  quorum: count,
  expirySeconds: nullOr(count),
  scopes: listOf(2, oneOf("once", "task")),
  authenticator: oneOf("any", "attested", "other-device"),
};

export function readHold(body: JsonObject): HoldRequest {
  const read = assertShape("hold", body, {
    point,
    entry: (value) => value !== undefined,
    chain,
    call: shaped({
      upstream: name,
      method: name,
      tool: name,
      toolDefinitionHash: nullOr(text(100)),
      action: name,
      resource,
      resources: maybe(resources),
      effect,
      arguments: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    }),
    decision: shaped({
      result: oneOf("hold"),
      step: nullOr(step),
      code: nullOr(code),
      reason: text(4096),
      policyIds,
      policySetHash: text(100),
      brake: maybe(id("brk")),
      holds: listOf(100, shaped(HOLD)),
      policyErrors: listOf(1000, text(4096)),
    }),
    preview: maybe(isPreview),
  });
  assertEntries([read["entry"] ?? null]);
  return read as unknown as HoldRequest;
}

const DISPOSITIONS: readonly Disposition[] = ["not_sent", "rolled_back", "withheld", "unknown"];
const IN_FLIGHT: Check = listOf(MOST_IN_FLIGHT, shaped({ intent: id("int"), disposition: oneOf(...DISPOSITIONS) }));

/** What a point says when it has taken in a push. */
export function readAcknowledgement(body: JsonObject): Pick<Acknowledgement, "generation" | "version" | "inFlight"> {
  const shape: Shape = { point, name, generation: count, version: count, inFlight: IN_FLIGHT };
  return assertShape("ack", body, shape) as unknown as Acknowledgement;
}
