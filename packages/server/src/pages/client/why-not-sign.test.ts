import { createHash } from "node:crypto";
import { APPROVAL_CONTEXT, canonicalJson } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { callDisplay } from "../testing/sample-views.ts";
import { type Signing, whyNotSign } from "./why-not-sign.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
const honest = {
  decision: "approve",
  scope: "once",
  callDigest: "c",
  holds: callDisplay.holds,
  effect: callDisplay.effect,
  previewDigest: sha256(canonicalJson(callDisplay)),
  human: callDisplay.human?.id,
  device: callDisplay.device?.id,
  agent: callDisplay.agent?.id,
  task: callDisplay.task?.id,
  approver: "hum_a",
  policySetHash: "p",
  riskLevel: "low",
  uses: 1,
  notBefore: "2026-11-22T09:00:00.000Z",
  expiresAt: callDisplay.expiresAt,
  nonce: "n",
  origin: "https://here.example",
  genesis: "g",
};
const signing = (signed: object, display: object = callDisplay): Signing => ({
  signed: { ...signed },
  challenge: sha256(APPROVAL_CONTEXT + canonicalJson(signed)),
  display: { ...display },
  decision: "approve",
  approver: "hum_a",
  origin: "https://here.example",
});

describe("whyNotSign", () => {
  it("finds nothing wrong with an honest request", async () => {
    expect(await whyNotSign(signing(honest))).toBeNull();
  });

  it("accepts a chain without device, agent and task", async () => {
    const display = { ...callDisplay, device: null, agent: null, task: null };
    const signed = { ...honest, device: null, agent: null, task: null, previewDigest: sha256(canonicalJson(display)) };
    expect(await whyNotSign(signing(signed, display))).toBeNull();
  });

  it("refuses a challenge that is not the digest of what would be signed", async () => {
    const other = signing({ ...honest, nonce: "other" });
    expect(await whyNotSign({ ...signing(honest), challenge: other.challenge })).toContain("challenge");
  });

  it("refuses when the page shows anything else", async () => {
    const shown = { ...callDisplay, content: callDisplay.content.replace("[]", "[1]") };
    expect(await whyNotSign(signing(honest, shown))).toContain("not what this page shows");
  });

  it.each([
    ["decision", { decision: "deny" }],
    ["scope", { scope: "task" }],
    ["uses", { uses: 20 }],
    ["approver", { approver: "hum_b" }],
    ["origin", { origin: "https://elsewhere.example" }],
    ["effect", { effect: "read" }],
    ["holds", { holds: [] }],
    ["human", { human: "hum_b" }],
    ["device", { device: "dev_b" }],
    ["agent", { agent: "agt_b" }],
    ["task", { task: null }],
  ])("refuses another %s", async (name, change) => {
    expect(await whyNotSign(signing({ ...honest, ...change }))).toContain(`another ${name} `);
  });
});
