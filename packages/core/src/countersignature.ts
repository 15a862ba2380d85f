import type { Effect } from "./effect.ts";
import type { AgentId, DeviceId, HumanId, TaskId } from "./ids.ts";
import type { Json } from "./json.ts";

/** Prefix of the bytes whose SHA-256 is the WebAuthn challenge of an approval (design 5.2). */
export const APPROVAL_CONTEXT = "countersign-approval-v1\n";

/** The most that one signature of scope `task` may allow (design 5.2). */
export const TASK_SCOPE: { readonly uses: number; readonly seconds: number } = { uses: 20, seconds: 900 };

/**
 * What a signature of scope `task` covers: calls of one tool, as it was defined, on exactly this resource. Arguments are named by their
 * names at the top; a call with any other argument is not covered.
 */
export interface Bound {
  readonly upstream: string;
  readonly method: string;
  readonly tool: string;
  readonly toolDefinitionHash: string | null;
  readonly resource: string;
  readonly effect: "read" | "write";
  /** Arguments that must be there with just the value that was shown. Sorted. */
  readonly fixed: readonly string[];
  /** Arguments that may have any value or be absent. Sorted. */
  readonly free: readonly string[];
  /** `argsCommitment` over the object that holds the fixed arguments alone. */
  readonly fixedCommitment: string;
}

/**
 * The exact object that an approver signs: challenge = SHA-256(APPROVAL_CONTEXT ‖ JCS(this)). Everything that the approver relied on is in it.
 */
export interface SignedApproval {
  readonly decision: "approve" | "deny";
  readonly scope: "once" | "task";
  /** With scope `once`: digest of the call, or of the change (`changeDigest`) when rights or settings are changed. base64url SHA-256. */
  readonly callDigest?: string;
  /** With scope `task`, in its place. */
  readonly bound?: Bound;
  readonly holds: readonly { readonly policyId: string; readonly policyHash: string; readonly reason: string }[];
  readonly effect: Effect;
  /** base64url SHA-256 of the JCS form of what the page displayed. */
  readonly previewDigest: string;
  readonly human: HumanId | null;
  readonly device: DeviceId | null;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly approver: HumanId;
  readonly policySetHash: string;
  readonly riskLevel: string;
  readonly uses: number;
  readonly notBefore: string;
  readonly expiresAt: string;
  readonly nonce: string;
  readonly origin: string;
  /** Digest of the installation's first state, so that it cannot be exchanged under later signatures. */
  readonly genesis: string;
}

/** A WebAuthn Level 3 assertion in its JSON form; binary members are base64url. */
export interface AssertionJson {
  readonly id: string;
  readonly rawId: string;
  readonly type: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string | undefined;
  };
  readonly clientExtensionResults: Json;
  readonly authenticatorAttachment?: string | undefined;
}

/** What a loosening act does. Each is signed by an active human who may do it (INV-12). */
export type ChangeAct =
  | "session.open"
  | "human.add"
  | "human.reinstate"
  | "passkey.add"
  | "agent.create"
  | "agent.reinstate"
  | "agent.reassign"
  | "policy.publish"
  | "upstream.put"
  | "settings.put"
  | "client.connect"
  | "mandate.create"
  | "task.open"
  | "point.trust"
  | "brake.thaw";

/** A change of state that loosens: `callDigest` = base64url(SHA-256(JCS(this))). `records` binds the new terms of each record; what the
 * approver saw is bound by `previewDigest`, so no name is kept here. */
export interface Change {
  readonly act: ChangeAct;
  readonly records: readonly { readonly kind: string; readonly id: string; readonly termsDigest: string }[];
}

/** Proof that a record's terms were signed. */
export interface Countersignature {
  readonly change: Change;
  readonly signed: SignedApproval;
  readonly assertion: AssertionJson;
}
