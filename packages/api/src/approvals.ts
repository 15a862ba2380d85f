import { z } from "zod";
import type { SignedApproval } from "@countersign/core";

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
  readonly effect: string;
  /** Why it waits. */
  readonly holds: readonly { readonly policyId: string; readonly policyHash: string; readonly reason: string }[];
  /** The exact arguments, or the exact change, as canonical JSON text: the bytes that are hashed. */
  readonly content: string;
  readonly argsCommitment: string | null;
  readonly expiresAt: string;
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
}

type Body<T> = z.ZodType<T>;

export const approvalOptionsBody: Body<{ decision: "approve" | "deny"; scope: "once" | "task" }> = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  scope: z.enum(["once", "task"]).default("once"),
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
