import type { ApprovalOptionsBody, ShownBound } from "@countersign/api";
import { AppError, type Bound, type HeldCall, TASK_SCOPE, mappedArguments } from "@countersign/core";
import { boundOf, onlyOnce } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import type { Approval } from "./payload.ts";

/** What may be signed with scope `task` for a held call: with as little fixed as there can be. Null: it is signed once. */
export async function taskOffer(kernel: Kernel, approval: Approval, call: HeldCall): Promise<ShownBound | null> {
  const mapping = await mappingOf(kernel, call);
  if (mapping === null || call.preview !== undefined || onlyOnce(call, approval.terms.holds, true) !== null)
    return null;
  const names = Object.keys(call.arguments).toSorted();
  const fixed = names.filter((name) => mapping.includes(name));
  return { ...TASK_SCOPE, fixed, free: names.filter((name) => !fixed.includes(name)) };
}

/** Names of the arguments that make up the resource; null when the tool has no mapping. */
async function mappingOf({ store }: Kernel, { upstream, tool }: HeldCall): Promise<readonly string[] | null> {
  const terms = (await store.get("upstream", upstream))?.terms;
  const resources = terms?.kind === "mcp" ? terms.resources : {};
  const mapping = Object.hasOwn(resources, tool) ? resources[tool] : undefined;
  return mapping === undefined ? null : mappedArguments(mapping);
}

interface Asked {
  readonly approval: Approval;
  readonly call: HeldCall;
  readonly ask: Pick<ApprovalOptionsBody, "uses" | "fixed">;
}

/**
 * The bound that a person asks to sign. Who signs after another signs the same. What names the resource is always fixed.
 * @throws AppError `request.invalid` when it may be signed only once, or names an argument that the call does not have
 */
export async function askedBound(
  kernel: Kernel,
  { approval, call, ask }: Asked,
): Promise<{ readonly bound: Bound; readonly uses: number }> {
  const first = approval.state.answers[0]?.signed;
  if (first?.bound !== undefined) return { bound: first.bound, uses: first.uses };
  const offer = await taskOffer(kernel, approval, call);
  if (offer === null) {
    const why = onlyOnce(call, approval.terms.holds, (await mappingOf(kernel, call)) !== null);
    throw new AppError("request.invalid", {
      detail: `this is signed with the scope \`once\`: ${why ?? "nothing else fits"}`,
    });
  }
  const unknown = ask.fixed?.find((name) => !Object.hasOwn(call.arguments, name));
  if (unknown !== undefined)
    throw new AppError("request.invalid", {
      detail: `\`fixed\`: the call has no argument \`${unknown.slice(0, 60)}\``,
    });
  const fixed = [...new Set([...offer.fixed, ...(ask.fixed ?? [])])];
  const bound = boundOf({ call, salt: call.salt, fixed });
  if (bound === null) throw new AppError("internal.error");
  return { bound, uses: ask.uses ?? TASK_SCOPE.uses };
}

/** A bound as the page shows it. */
export function shownBound({ fixed, free }: Bound, uses: number): ShownBound {
  return { uses, seconds: TASK_SCOPE.seconds, fixed, free };
}
