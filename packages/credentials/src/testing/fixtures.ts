import { createHash, randomBytes } from "node:crypto";
import { newId } from "@countersign/core";
import type { Bound, Random, SignedApproval } from "@countersign/core";
import type { AccessTokenClaims } from "../access-token.ts";

/** Unix milliseconds at which the tests of this package take place. */
export const NOW = 1_800_000_000_000;
export const random: Random = (length) => randomBytes(length);

/** Bytes that follow from a seed, so that a test that needs the same ids twice gets them. */
export function seeded(seed: string): Random {
  let count = 0;
  return (length) => {
    count += 1;
    return createHash("sha512")
      .update(`${seed}/${String(count)}`)
      .digest()
      .subarray(0, length);
  };
}

export function newChain(source: Random = random): AccessTokenClaims["chain"] {
  return {
    human: newId("hum", NOW, source),
    device: newId("dev", NOW, source),
    agent: newId("agt", NOW, source),
    task: newId("tsk", NOW, source),
  };
}

export const ORIGIN = "http://localhost:7330";
export const RP_ID = "localhost";
export const GENESIS: string = createHash("sha256").update("genesis").digest("base64url");
const digest = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** An approval of up to five calls of one tool on one resource, valid at {@link NOW}; `say` replaces members of its bound. */
export function newTaskApproval(say: Partial<Bound> = {}): SignedApproval {
  const { callDigest: _, expiresAt: _until, ...approval } = newApproval({ scope: "task", effect: "write", uses: 5 });
  const bound: Bound = {
    upstream: "files",
    method: "tools/call",
    tool: "write_file",
    toolDefinitionHash: digest("definition"),
    resource: "file:/srv/records/minutes.md",
    effect: "write",
    fixed: ["path"],
    free: ["content"],
    fixedCommitment: digest("fixed"),
    ...say,
  };
  return { ...approval, bound, expiresAt: new Date(NOW + 899_000).toISOString() };
}

/** An approval of one call, valid at {@link NOW}; `say` replaces members. */
export function newApproval(say: Partial<SignedApproval> = {}): SignedApproval & { readonly callDigest: string } {
  const chain = newChain(seeded("approval"));
  return {
    decision: "approve",
    scope: "once",
    callDigest: digest("call"),
    holds: [{ policyId: "pol_hold", policyHash: digest("policy"), reason: "writes records" }],
    effect: "destructive",
    previewDigest: digest("preview"),
    ...chain,
    approver: chain.human,
    policySetHash: digest("policies"),
    riskLevel: "low",
    uses: 1,
    notBefore: new Date(NOW - 1000).toISOString(),
    expiresAt: new Date(NOW + 900_000).toISOString(),
    nonce: digest("nonce"),
    origin: ORIGIN,
    genesis: GENESIS,
    ...say,
  };
}
