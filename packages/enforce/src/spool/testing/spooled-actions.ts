import { randomBytes } from "node:crypto";
import { type Chain, type Effect, type IntentId, type Json, newId } from "@countersign/core";
import { argsCommitment } from "@countersign/credentials";
import type { Disclosure, EntryDraft, SpoolFrame } from "../../control-plane.ts";

export const random = (length: number): Uint8Array => randomBytes(length);

/** Entries of actions as a point drafts them, for tests. */
export class SpooledActions {
  readonly chain: Chain;
  clock: () => number = Date.now;

  constructor(chain?: Chain) {
    const id = <P extends Parameters<typeof newId>[0]>(prefix: P): ReturnType<typeof newId<P>> =>
      newId(prefix, Date.now(), random);
    this.chain = chain ?? { human: id("hum"), device: id("dev"), agent: id("agt"), task: id("tsk") };
  }

  draft(parts: Partial<EntryDraft>): EntryDraft {
    const now = this.clock();
    return {
      id: newId("ent", now, random),
      time: new Date(now).toISOString(),
      kind: "action.intent",
      chain: this.chain,
      agentProof: "declared",
      action: "mcp:files/read_file",
      resource: "file:/srv/records/executives.json",
      effect: "read",
      argsCommitment: null,
      argsShown: null,
      decision: null,
      posture: null,
      risk: null,
      ...parts,
    };
  }

  /** An intent with its salt and arguments. */
  intent(
    args: Json = { path: "/srv/records/executives.json" },
    parts: Partial<EntryDraft> = {},
  ): SpoolFrame & { intent: IntentId } {
    const salt = randomBytes(32).toString("base64url");
    const intent = newId("int", this.clock(), random);
    const draft = this.draft({
      argsCommitment: argsCommitment(salt, args),
      argsShown: { value: args, hidden: [] },
      decision: { result: "permit", step: null, code: null, policyIds: ["default:read"], policySetHash: "q83v" },
      posture: { level: "enrolled" },
      risk: 0,
      intent,
      ...parts,
    });
    const disclosure: Disclosure = { entry: draft.id, salt, arguments: args };
    return { entries: [draft], disclosure, intent };
  }

  outcome(intent: IntentId, effect: Effect = "read"): SpoolFrame {
    return {
      entries: [
        this.draft({
          kind: "action.outcome",
          intent,
          effect,
          outcome: { status: "ok", resultCommitment: null, bytes: 9 },
        }),
      ],
    };
  }

  /** A read whose intent waited for its outcome: both in one frame. */
  read(args?: Json): SpoolFrame {
    const { entries, disclosure, intent } = this.intent(args);
    const [outcome] = this.outcome(intent).entries;
    return { entries: [...entries, outcome], ...(disclosure === undefined ? {} : { disclosure }) };
  }

  refusal(parts: Partial<EntryDraft> = {}): SpoolFrame {
    const decision = {
      result: "deny",
      step: "policy",
      code: "policy.denied",
      policyIds: [],
      policySetHash: "q83v",
    } as const;
    return { entries: [this.draft({ kind: "decision", effect: "write", decision, ...parts })] };
  }
}
