import type { AgentProof, Call, Chain, DeviceId, JsonObject, RefusalCode, StateRecord } from "@countersign/core";
import type { Evaluator } from "./evaluator.ts";

/** Everything that one decision rests on: verified before, plain data, no I/O behind it. */
export interface DecideInput {
  /** Unix milliseconds. */
  readonly now: number;
  readonly claims: VerifiedClaims;
  readonly call: Call;
  /** The definition of the tool is not the one that was accepted. */
  readonly definitionChanged: boolean;
  readonly facts: Facts;
  /** The policies in force; null: none are loaded. */
  readonly policies: Evaluator | null;
  /** 0 (none) to 100, an integer. */
  readonly risk: number;
  readonly countersignature: PresentedCountersignature;
}

/** What the credential proved, or why it proved nothing. */
export type VerifiedClaims =
  | {
      readonly ok: true;
      readonly chain: Chain;
      /** RFC 7638 thumbprint of the key that signed the proof. */
      readonly jkt: string;
      readonly agentProof: AgentProof;
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string };

/** What is known of the chain and the call's target; null where there is no such record. */
export interface Facts {
  readonly human: StateRecord<"human"> | null;
  readonly device: StateRecord<"device"> | null;
  readonly posture: Posture | null;
  readonly agent: StateRecord<"agent"> | null;
  readonly task: StateRecord<"task"> | null;
  /** The task's purpose in clear, or null where it cannot be read: then policies see none. */
  readonly purpose: string | null;
  readonly upstream: StateRecord<"upstream"> | null;
  /** Brakes of any state; those that are thawed do nothing. */
  readonly brakes: Iterable<StateRecord<"brake">>;
  /** Patterns of critical resources beyond those of the call's upstream. */
  readonly criticalPatterns: readonly string[];
}

/** The last posture report of a device, its signature verified. */
export interface Posture {
  readonly device: DeviceId;
  /** Unix milliseconds. */
  readonly reportedAt: number;
  /** The platform as Node names it (`linux`, `darwin`, `win32`), or null when it is not known. */
  readonly os: string | null;
  /** Further facts; null: not known. Policies read them as `context.device.facts`. */
  readonly facts: JsonObject;
}

/** A countersignature that came with the call: the holds that it names, or why it counts for nothing. Null: none came. */
export type PresentedCountersignature =
  | { readonly holdsDischarged: readonly { readonly policyId: string; readonly policyHash: string }[] }
  | { readonly refused: RefusalCode }
  | null;
