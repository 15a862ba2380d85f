import type { Change } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { sha256 } from "./digest.ts";
import { isChange, isSignedApproval } from "./signed-approval.ts";
import { newApproval, newTaskApproval } from "./testing/fixtures.ts";

const hold = { policyId: "pol_a", policyHash: sha256("a"), reason: "writes" };

describe("isSignedApproval", () => {
  it("takes an approval, with and without a chain", () => {
    expect(isSignedApproval(newApproval())).toBe(true);
    expect(isSignedApproval(newApproval({ human: null, device: null, agent: null, task: null, holds: [] }))).toBe(true);
    expect(isSignedApproval(newTaskApproval())).toBe(true);
    expect(isSignedApproval({ ...newTaskApproval({ toolDefinitionHash: null, free: [] }), uses: 20 })).toBe(true);
  });
  it.each<[string, unknown]>([
    ["decision", "maybe"],
    ["scope", "always"],
    ["callDigest", "short"],
    ["callDigest", 5],
    ["holds", null],
    ["holds", "none"],
    ["holds", { length: 0 }],
    ["holds", [null]],
    ["holds", [{ ...hold, extra: 1 }]],
    ["holds", [hold, { ...hold, reason: 5 }]],
    ["holds", Array.from({ length: 257 }, () => hold)],
    ["effect", "harmless"],
    ["previewDigest", `${sha256("a")}A`],
    ["human", undefined],
    ["human", "agt_0000000000000000000000"],
    ["device", "dev_"],
    ["agent", 1],
    ["task", "tsk"],
    ["approver", null],
    ["policySetHash", null],
    ["riskLevel", 1],
    ["riskLevel", "x".repeat(4097)],
    ["uses", 0],
    ["uses", 21],
    ["uses", 1.5],
    ["uses", "1"],
    ["notBefore", "now"],
    ["expiresAt", 0],
    ["nonce", null],
    ["origin", null],
    ["genesis", ["a"]],
  ])("refuses %s = %j", (member, value) => {
    expect(isSignedApproval({ ...newApproval(), [member]: value })).toBe(false);
  });
  it.each<[string, unknown]>([
    ["fixed", ["b", "a"]],
    ["fixed", ["a", "a"]],
    ["free", [1]],
    ["free", "content"],
    ["effect", "destructive"],
    ["fixedCommitment", "short"],
    ["resource", null],
    ["extra", 1],
  ])("refuses a bound whose %s is %j", (member, value) => {
    expect(isSignedApproval(newTaskApproval({ [member]: value }))).toBe(false);
  });
  it("takes either a digest or a bound, as the scope says", () => {
    const { bound, ...unbound } = newTaskApproval();
    expect(isSignedApproval(unbound)).toBe(false);
    expect(isSignedApproval({ ...newTaskApproval(), callDigest: sha256("call") })).toBe(false);
    expect(isSignedApproval({ ...newApproval(), bound })).toBe(false);
    expect(isSignedApproval(newApproval({ scope: "task" }))).toBe(false);
  });
  it.each([null, undefined, 1, "a", [], {}])("refuses %j as a whole", (value) => {
    expect(isSignedApproval(value)).toBe(false);
  });
});

describe("isChange", () => {
  const change: Change = { act: "brake.thaw", records: [{ kind: "brake", id: "a", termsDigest: sha256("a") }] };
  it("takes a change, and nothing that says more", () => {
    expect(isChange(change)).toBe(true);
    expect(isChange({ ...change, shown: null })).toBe(false);
  });
  it.each<[string, unknown]>([
    ["act", 1],
    ["records", {}],
    ["records", [{ kind: "brake", id: "a" }]],
    ["records", [{ kind: "brake", id: "a", termsDigest: "a" }]],
    ["records", Array.from({ length: 1025 }, () => change.records[0])],
  ])("refuses %s = %j", (member, value) => {
    expect(isChange({ ...change, [member]: value })).toBe(false);
  });
});
