import { STEPS } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { refusalText } from "./refusal-text.ts";

describe("refusalText", () => {
  it("tells a hold in the words of the outside surface", () => {
    const refusal = {
      decision: "hold",
      step: "policy",
      code: "countersignature.required",
      reason: "writes to records are held",
      policyIds: ["p"],
      approval: "apr_0123456789012345678901",
      approvalUrl: "http://localhost:7330/approve/apr_0123456789012345678901",
      entry: null,
    } as const;
    const detail = { action: "mcp:files/write_file", resource: "file:/records/executives.json", approver: "Ada" };
    expect(refusalText(refusal, detail)).toBe(
      "HELD apr_0123456789012345678901 for Ada: write_file /records/executives.json. Nothing was done. " +
        "Approve: http://localhost:7330/approve/apr_0123456789012345678901. Do not try another way; " +
        'call countersign_wait {"approval":"apr_0123456789012345678901"}.',
    );
  });

  it.each(STEPS)("tells a deny at step %s with its code, its reason and what to do next", (step) => {
    const refusal = {
      decision: "deny",
      step,
      code: "policy.denied",
      reason: "it is forbidden",
      policyIds: [],
      entry: null,
    } as const;
    expect(refusalText(refusal, { action: "mcp:a/b", resource: null })).toMatch(
      /^DENIED policy\.denied: it is forbidden\. \S.+\.$/,
    );
  });
});
