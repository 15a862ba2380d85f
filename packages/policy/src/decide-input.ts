import type { AgentProof, Call, Chain, DeviceId, RefusalCode, StateRecord } from "@countersign/core";
import type { Evaluator, PostureFacts } from "./evaluator.ts";

/** Everything that one decision rests on: verified before, plain data, no I/O behind it. */
export interface DecideInput {
  /** Unix milliseconds. */
  readonly now: number;
  readonly claims: VerifiedClaims;
  readonly call: Call;
  /** The enforcement point saw that the definition of the tool is not the one that was accepted. Beyond it, the pins are compared. */
  readonly definitionChanged?: boolean;
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
  /** The mandate of an unattended task. */
  readonly mandate?: StateRecord<"mandate"> | null;
  /** The task's purpose in clear; absent where it cannot be read: then policies see none. */
  readonly purpose?: string | null;
  readonly upstream: StateRecord<"upstream"> | null;
  /** Brakes of any state; those that are thawed do nothing. */
  readonly brakes: Iterable<StateRecord<"brake">>;
  /** Patterns of critical resources beyond those of the call's upstream. */
  readonly criticalPatterns?: readonly string[];
}

/** The last posture report of a device: its signature verified, its level judged. */
export interface Posture {
  readonly device: DeviceId;
  /** Unix seconds of the report. */
  readonly iat: number;
  /** The level that the facts earn; null: not even `enrolled`. */
  readonly level: "enrolled" | null;
  /** What keeps the device from the level. */
  readonly missing: readonly { readonly fact: string; readonly remedy: string }[];
  readonly os: { readonly platform: string; readonly version: string | null };
  /** `true` is the healthy state. Policies read what is known as `context.device.facts.<name>`. */
  readonly facts: PostureFacts;
}

/** A countersignature that came with the call: the holds that it names, or why it counts for nothing. Null: none came. */
export type PresentedCountersignature =
  | { readonly ok: true; readonly holds: readonly { readonly policyId: string; readonly policyHash: string }[] }
  | { readonly ok: false; readonly code: RefusalCode }
  | null;
