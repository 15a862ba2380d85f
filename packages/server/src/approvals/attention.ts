import { type HeldCall, type SignedAnswer, canonicalJson, plainText } from "@countersign/core";
import type { HoldRefused, HoldRequest } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import { denialText, lastAnswer } from "./denial.ts";
import { humanName } from "./names.ts";
import { type Approval, readHeldCall } from "./payload.ts";

/** A person who is asked more often than this reads nothing any more: further calls are refused. */
const MOST_ASKED = 60;
const ASKED_WITHIN_MS = 10 * 60_000;
/** For so long a denied call is not asked about again, */
const DENIED_FOR_MS = 5 * 60_000;
/** and for so long whoever is asked about it, or about one like it, is told of the denial. */
const NOTED_FOR_MS = 60 * 60_000;
/** Denials of one agent that are looked at. */
const MOST_DENIALS = 50;
/**
 * An answer that comes sooner after the first sight was not read: reading one line takes a person about a second, and what destroys or
 * acts outside has at least an effect, a resource and a reason to read. It counts all the same: a flag for those who look at approvals,
 * because a person who signs from a second screen may have read it there.
 */
const FLOOR_MS = { read: 1000, write: 1000, grave: 2000 } as const;

/** INV-2: why this call asks nobody; null when a human is asked. It is never permitted instead. */
export async function whyNotAsk(kernel: Kernel, { chain, call }: HoldRequest): Promise<HoldRefused | null> {
  const now = kernel.now();
  for (const { approval, at, same } of await denialsLike(kernel, {
    agent: chain.agent,
    call,
    since: now - DENIED_FOR_MS,
  })) {
    if (!same) continue;
    const { by, reason } = await denialText(kernel, approval);
    const words = reason === "" ? "" : `: ${plainText(reason, 300)}`;
    const again = new Date(at + DENIED_FOR_MS).toISOString();
    const text = `denied by ${plainText(by, 80)}${words}; nobody is asked about the same call again before ${again}`;
    return { refused: { code: "countersignature.void", reason: text } };
  }
  if (chain.human === null) return null;
  const asked = await kernel.store.find("approval", { owner: chain.human, limit: MOST_ASKED });
  const oldest = asked[0];
  if (asked.length < MOST_ASKED || oldest === undefined) return null;
  if (Date.parse(oldest.terms.notBefore) <= now - ASKED_WITHIN_MS) return null;
  const reason = `${String(MOST_ASKED)} calls of ${String(ASKED_WITHIN_MS / 60_000)} minutes were put before a human already, so this one was not`;
  return { refused: { code: "countersignature.too_many", reason } };
}

interface Alike {
  readonly agent: Approval["terms"]["agent"];
  readonly call: Pick<HeldCall, "action" | "resource" | "arguments">;
  /** Unix milliseconds. */
  readonly since: number;
}

/** Denied calls of an agent with the same tool and resource, newest first; `same`: with the same arguments too. */
async function denialsLike(
  kernel: Kernel,
  { agent, call, since }: Alike,
): Promise<readonly { readonly approval: Approval; readonly at: number; readonly same: boolean }[]> {
  if (agent === null) return [];
  const denied = await kernel.store.find("approval", { agent, status: "denied", limit: MOST_DENIALS });
  const alike = denied.filter(({ terms }) => terms.action === call.action && terms.resource === call.resource);
  const found = await Promise.all(
    alike.toReversed().map(async (approval) => {
      const at = Date.parse((await lastAnswer(kernel, approval)).at);
      const before = at < since ? null : await readHeldCall(kernel, approval);
      const same = before !== null && canonicalJson(before.arguments) === canonicalJson(call.arguments);
      return { approval, at, same };
    }),
  );
  return found.filter(({ at }) => at >= since);
}

/** What whoever is asked should know of earlier answers, each a sentence. */
export async function notesOn(kernel: Kernel, approval: Approval, viewer: string): Promise<readonly string[]> {
  const call = approval.state.status === "pending" ? await readHeldCall(kernel, approval) : null;
  if (call === null) {
    const fast = approval.state.answers.filter((answer) => isTooFast(approval, answer));
    return await Promise.all(fast.map(async (answer) => await fastNote(kernel, answer)));
  }
  const asked = Date.parse(approval.terms.notBefore);
  const like = await denialsLike(kernel, { agent: approval.terms.agent, call, since: asked - NOTED_FOR_MS });
  const [nearest] = like.filter(({ at }) => at <= asked);
  if (nearest === undefined) return [];
  const { by } = await lastAnswer(kernel, nearest.approval);
  const who = by === viewer ? "You" : plainText((await denialText(kernel, nearest.approval)).by, 80);
  const minutes = Math.max(1, Math.round((kernel.now() - nearest.at) / 60_000));
  const what = nearest.same ? "the same call" : "a call of this tool on this resource, with other arguments,";
  return [`${who} denied ${what} ${String(minutes)} minute${minutes === 1 ? "" : "s"} ago.`];
}

async function fastNote(kernel: Kernel, { tookMs = 0, signed }: SignedAnswer): Promise<string> {
  const name = plainText((await humanName(kernel, signed.approver))?.name ?? "A person", 80);
  return `${name} signed ${(tookMs / 1000).toFixed(1)} seconds after it was first shown to them: too fast to have been read.`;
}

/** Whether an approval came faster than what it signs can be read. A denial is never too fast: it tightens. */
export function isTooFast({ terms }: Pick<Approval, "terms">, { signed, tookMs }: SignedAnswer): boolean {
  if (tookMs === undefined || signed.decision !== "approve") return false;
  const { effect, subject } = terms;
  const harmless = subject === "call" && (effect === "read" || effect === "write");
  return tookMs < (harmless ? FLOOR_MS[effect] : FLOOR_MS.grave);
}
