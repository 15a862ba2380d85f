import type { AgentProof, Chain, RefusalCode } from "@countersign/core";

/** What a verified credential says. Only {@link Claims} with `ok: true` ever reach a policy. */
export type Claims =
  | {
      readonly ok: true;
      /** All links are known; only a person's own task has no agent. */
      readonly chain: Chain;
      /** RFC 7638 thumbprint of the key that signed the proof. */
      readonly jkt: string;
      readonly agentProof: AgentProof;
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string };
