import { createHash } from "node:crypto";
import { checkParsePolicySet, policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { EFFECTS, canonicalJson } from "@countersign/core";
import { checkTypes } from "./cedar-check-types.ts";
import { type PolicyEst, depthOf, entitiesOf, numbersExact } from "./est.ts";
import type { ParsedPolicies, ParsedPolicy, PolicyProblem } from "./parsed-policies.ts";
import { readAnnotations } from "./policy-annotations.ts";
import { type PolicyPiece, type TextLimits, splitPolicies } from "./policy-text.ts";
import { ACTION_NAME } from "./schema.ts";

/** Deepest EST: its reader in cedar-wasm stops at 128, counted with what is around it. */
const EST_DEPTH = 112;
const REPORTED_PROBLEMS = 50;

/**
 * Parses and checks a policy text. Runs cedar-wasm on text from outside, so it belongs into the parse worker: certain texts break the
 * whole wasm instance. May throw; `parsePolicies` is the safe way in.
 */
export function compilePolicies(text: string, limits: TextLimits): ParsedPolicies {
  const split = splitPolicies(text, limits);
  if (!split.ok) return invalid([{ message: split.message, line: split.line }]);
  const problems: PolicyProblem[] = restProblems(text, split.rest);
  const policies: ParsedPolicy[] = [];
  const ids = new Set<string>();
  for (const [i, piece] of split.pieces.entries()) {
    const policy = compileOne(piece, `policy${String(i)}`);
    if ("message" in policy) problems.push(policy);
    else if (ids.has(policy.id))
      problems.push({ message: `the id \`${policy.id}\` stands twice; choose another`, line: policy.line });
    else {
      ids.add(policy.id);
      policies.push(policy);
    }
    if (problems.length >= REPORTED_PROBLEMS) return invalid(problems);
  }
  if (problems.length > 0) return invalid(problems);
  const trial = checkParsePolicySet({
    staticPolicies: Object.fromEntries(policies.map(({ id, est }) => [id, est as never])),
  });
  if (trial.type === "failure")
    return invalid([{ message: "the policies do not survive their canonical form; simplify them" }]);
  const types = checkTypes(policies);
  if (types.problems.length > 0) return invalid(types.problems.slice(0, REPORTED_PROBLEMS));
  return { ok: true, set: { policySetHash: hash(text), policies, warnings: types.warnings } };
}

function compileOne(piece: PolicyPiece, fallbackId: string): ParsedPolicy | PolicyProblem {
  const { line } = piece;
  const answer = policyToJson(piece.text);
  if (answer.type === "failure") {
    const [error] = answer.errors;
    const at = error?.sourceLocations?.[0]?.start ?? 0;
    const message = (error?.message ?? "not a policy").replace("failed to parse policy from string: ", "");
    return {
      message: message.slice(0, 300),
      line: piece.firstLine + newlines(Buffer.from(piece.text).subarray(0, at)),
    };
  }
  const est = answer.json as PolicyEst;
  if (depthOf(est) > EST_DEPTH) {
    return { line, message: "too many operators in one expression; use `[…].contains(…)` or several `when` clauses" };
  }
  if (!numbersExact(est)) return { line, message: "a number lies beyond ±9007199254740991; use a smaller one" };
  const unknown = entitiesOf(est).find(({ type, id }) => type === "Action" && !isAction(id));
  if (unknown !== undefined) {
    const groups = EFFECTS.map((effect) => `\`${effect}\``).join(" ");
    return {
      line,
      message: `\`Action::"${unknown.id.slice(0, 80)}"\` is neither a group (${groups}) nor a name such as \`mcp:files/read_file\``,
    };
  }
  const read = readAnnotations(est, fallbackId);
  if (!read.ok) return { line, message: read.message };
  return { id: read.id, hash: hash(canonicalJson(est)), effect: est.effect, hold: read.hold, est, line };
}

function isAction(id: string): boolean {
  return ACTION_NAME.test(id) || (EFFECTS as readonly string[]).includes(id);
}

/** Nothing but space and comments may follow the last policy. */
function restProblems(text: string, rest: string): PolicyProblem[] {
  if (rest.trim() === "" || checkParsePolicySet({ staticPolicies: rest }).type === "success") return [];
  return [{ message: "the last policy does not end; add `;`", line: 1 + newlines(Buffer.from(text)) }];
}

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count += 1;
  return count;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function invalid(problems: readonly PolicyProblem[]): ParsedPolicies {
  return { ok: false, code: "policy.invalid", problems };
}
