import { z } from "zod";
import { type SignedApproval, TASK_SCOPE } from "@countersign/core";

/** Everything that the page shows; `previewDigest` = base64url(SHA-256(JCS(display))). The page renders only from this object. */
export interface ApprovalDisplay {
  readonly subject: "call" | "change";
  /** One plain sentence: who wants to do what. */
  readonly sentence: string;
  readonly human: Named | null;
  readonly device: Named | null;
  readonly agent: Named | null;
  readonly task: Named | null;
  readonly action: string;
  readonly resource: string;
  /** All resources, `resource` among them, of a call that has several. */
  readonly resources?: readonly string[];
  readonly effect: string;
  /** Why it waits. */
  readonly holds: readonly { readonly policyId: string; readonly policyHash: string; readonly reason: string }[];
  /** The exact arguments, or the exact change, as canonical JSON text: the bytes that are hashed. */
  readonly content: string;
  readonly argsCommitment: string | null;
  readonly expiresAt: string;
  /** What a held call would do, where that can be asked. */
  readonly preview?: ShownPreview;
  /** With scope `task`: what the signature covers beyond this one call. */
  readonly bound?: ShownBound;
}
/** What a held call would do, in words and tables; all of it is text, as the page shows it. */
export interface ShownPreview {
  /** How it was found out, or why nobody can say. */
  readonly sentence: string;
  readonly relations: readonly ShownEffect[];
}
/** What happens to the rows of one relation. */
export interface ShownEffect {
  readonly relation: string;
  /** `1,200 rows deleted` */
  readonly effect: string;
  /** Names of the key's columns, and the keys, as JSON text; how many more there are is said. */
  readonly keys: string;
  /** base64url SHA-256 over all rows, those that are not shown among them. */
  readonly digest: string;
  /** Columns whose values are known only when it is done; empty: none. */
  readonly filledAtCommit: string;
  /** Why not all rows are seen; empty: they are. */
  readonly unseen: string;
  readonly columns: readonly string[];
  /** Some of the rows, values as JSON text; of a changed row first `before`, then `after`. */
  readonly rows: readonly { readonly when: "before" | "after"; readonly values: readonly string[] }[];
}
/** Which calls a signature of scope `task` covers: same tool, same resource, the fixed arguments as shown. */
export interface ShownBound {
  readonly uses: number;
  readonly seconds: number;
  readonly fixed: readonly string[];
  readonly free: readonly string[];
}
export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface ApprovalView {
  readonly id: string;
  readonly state: "pending" | "approved" | "denied" | "expired" | "consumed" | "void";
  readonly callDigest: string | null;
  readonly intent: string | null;
  readonly holds: ApprovalDisplay["holds"];
  readonly display: ApprovalDisplay;
  readonly expiresAt: string;
  /** Who signs what, hold by hold; empty for a change, which one person signs. */
  readonly progress: readonly SigningProgress[];
  /** The most that may be signed with scope `task`, with only the arguments fixed that name the resource; null: it is signed once. */
  readonly task: ShownBound | null;
  /** What was signed with scope `task`, and how many of its uses are used; null otherwise. */
  readonly bound: (ShownBound & { readonly used: number; readonly until: string }) | null;
  /** What the approver should know besides, each a sentence: a recent denial of the same, an answer faster than it can be read. */
  readonly notes: readonly string[];
  /** Why it was denied or withdrawn, in words; null: nobody gave any, or they were erased. */
  readonly cause: string | null;
  /** An answer came faster than what it signs can be read. */
  readonly tooFast: boolean;
}

/** One hold of a call: how many different people must sign it, who may, and who has. */
export interface SigningProgress {
  readonly policyId: string;
  /** Who may sign, in words. */
  readonly approvers: string;
  readonly quorum: number;
  readonly signed: readonly Named[];
}

type Body<T> = z.ZodType<T>;

export interface ApprovalOptionsBody {
  readonly decision: "approve" | "deny";
  readonly scope: "once" | "task";
  /** With scope `task`: how many calls, 20 at most, which is the default. */
  readonly uses?: number | undefined;
  /** With scope `task`: arguments that must stay as they are; by default those that name the resource. */
  readonly fixed?: readonly string[] | undefined;
}

export const approvalOptionsBody: Body<ApprovalOptionsBody> = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  scope: z.enum(["once", "task"]).default("once"),
  uses: z.number().int().min(1).max(TASK_SCOPE.uses).optional(),
  fixed: z.array(z.string().max(4096)).max(256).optional(),
});

export interface ApprovalOptions {
  readonly signed: SignedApproval;
  /** PublicKeyCredentialRequestOptionsJSON of WebAuthn Level 3. */
  readonly publicKey: {
    readonly challenge: string;
    readonly rpId: string;
    readonly timeout: number;
    readonly userVerification: "required";
    readonly allowCredentials: readonly {
      readonly type: "public-key";
      readonly id: string;
      readonly transports: readonly string[];
    }[];
  };
}

export interface AssertionBody {
  readonly decision: "approve" | "deny";
  readonly scope: "once" | "task";
  readonly reason?: string | undefined;
  readonly response: {
    readonly id: string;
    readonly rawId: string;
    readonly type: string;
    readonly response: {
      readonly clientDataJSON: string;
      readonly authenticatorData: string;
      readonly signature: string;
      readonly userHandle?: string | undefined;
    };
    readonly clientExtensionResults?: Record<string, unknown> | undefined;
    readonly authenticatorAttachment?: string | undefined;
  };
}

const base64url = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .regex(/^[A-Za-z0-9_-]*={0,2}$/);

/** A WebAuthn assertion as `PublicKeyCredential.toJSON()` gives it. */
export const assertionResponse: z.ZodType<AssertionBody["response"]> = z.object({
  id: base64url(2048),
  rawId: base64url(2048),
  type: z.literal("public-key"),
  response: z.object({
    clientDataJSON: base64url(8192),
    authenticatorData: base64url(8192),
    signature: base64url(8192),
    userHandle: z.union([base64url(256), z.null().transform(() => undefined)]).optional(),
  }),
  clientExtensionResults: z.record(z.string(), z.unknown()).optional(),
  authenticatorAttachment: z.union([z.string().max(64), z.null().transform(() => undefined)]).optional(),
});

export const assertionBody: Body<AssertionBody> = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  scope: z.enum(["once", "task"]).default("once"),
  reason: z.string().max(500).optional(),
  response: assertionResponse,
});
