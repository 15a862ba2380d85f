import { policyToJson, templateToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { withExactJson } from "../../packages/policy/src/cedar/testing/exact-json.ts";
import type { PolicyJson } from "../../packages/policy/src/cedar/compile-policy.ts";
import type { PolicySetJson, TemplateLink } from "../../packages/policy/src/cedar/testing/compile-policy-set.ts";
import { splitPolicies } from "../../packages/policy/src/policy-text.ts";

const LIMITS = { policies: 100_000, nesting: 150 };
const SLOT = /\?(?:principal|resource)\b/;

/** The policy set of a text in Cedar's JSON form, read by cedar-wasm. Policies are named `policy0`, `policy1` … in their order. @throws Error */
export function policySetOf(text: string, templateLinks: readonly TemplateLink[] = []): PolicySetJson {
  const split = splitPolicies(text, LIMITS);
  if (!split.ok) throw new Error(split.message);
  const staticPolicies: Record<string, PolicyJson> = {};
  const templates: Record<string, PolicyJson> = {};
  for (const [i, piece] of split.pieces.entries()) {
    const isTemplate = SLOT.test(piece.text);
    const answer = withExactJson(() => (isTemplate ? templateToJson(piece.text) : policyToJson(piece.text)));
    if (answer.type === "failure") throw new Error(answer.errors[0]?.message ?? "not a policy");
    (isTemplate ? templates : staticPolicies)[`policy${String(i)}`] = answer.json;
  }
  return { staticPolicies, templates, templateLinks };
}
