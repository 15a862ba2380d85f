import { EFFECTS, isId } from "@countersign/core";
import type { Bound, Change, SignedApproval } from "@countersign/core";

type Check = (value: unknown) => boolean;
const DIGEST = /^[A-Za-z0-9_-]{43}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const isText: Check = (value) => typeof value === "string" && value.length <= 4096;
const isDigest: Check = (value) => typeof value === "string" && DIGEST.test(value);
const isTime: Check = (value) => typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value));
const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const listOf =
  (shape: Shape, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every((item) => hasShape(item, shape));

type Shape = Readonly<Record<string, Check>>;

/** Names of arguments: sorted, none twice. */
const areNames: Check = (value) =>
  Array.isArray(value) &&
  value.length <= 256 &&
  value.every((name, at) => isText(name) && (at === 0 || value[at - 1] < name));

const BOUND: Readonly<Record<keyof Bound, Check>> = {
  upstream: isText,
  method: isText,
  tool: isText,
  toolDefinitionHash: nullOr(isText),
  resource: isText,
  effect: oneOf("read", "write"),
  fixed: areNames,
  free: areNames,
  fixedCommitment: isDigest,
};

/** Every member of {@link SignedApproval}: no more, no less, so nothing is signed that the verifier does not know. */
const COMMON: Readonly<Record<Exclude<keyof SignedApproval, "callDigest" | "bound">, Check>> = {
  decision: oneOf("approve", "deny"),
  scope: oneOf("once", "task"),
  holds: listOf({ policyId: isText, policyHash: isText, reason: isText }, 256),
  effect: oneOf(...EFFECTS),
  previewDigest: isDigest,
  human: nullOr((value) => isId("hum", value)),
  device: nullOr((value) => isId("dev", value)),
  agent: nullOr((value) => isId("agt", value)),
  task: nullOr((value) => isId("tsk", value)),
  approver: (value) => isId("hum", value),
  policySetHash: isText,
  riskLevel: isText,
  uses: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 20,
  notBefore: isTime,
  expiresAt: isTime,
  nonce: isText,
  origin: isText,
  genesis: isText,
};
const ONCE: Shape = { ...COMMON, callDigest: isDigest };
const TASK: Shape = { ...COMMON, bound: (value) => hasShape(value, BOUND) };
const CHANGE: Readonly<Record<keyof Change, Check>> = {
  act: isText,
  records: listOf({ kind: isText, id: isText, termsDigest: isDigest }, 1024),
};

/** True when a value that was stored or sent has exactly the form of a signed approval. */
export function isSignedApproval(value: unknown): value is SignedApproval {
  return hasShape(value, (value as SignedApproval | null)?.scope === "task" ? TASK : ONCE);
}

/** True when a value has exactly the form of a change. */
export function isChange(value: unknown): value is Change {
  return hasShape(value, CHANGE);
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Record<string, unknown>;
  const names = Object.keys(shape);
  return (
    Object.keys(given).length === names.length &&
    names.every((name) => name in given && shape[name]?.(given[name]) === true)
  );
}
