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
  bound: null,
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

  describe("for the task", () => {
    const display = { ...callDisplay, effect: "write" };
    const bound = { uses: 5, seconds: 900, fixed: ["path"], free: ["content", "options"] };
    const covers = {
      upstream: "files",
      tool: "write_file",
      resource: display.resource,
      effect: "write",
      fixed: bound.fixed,
      free: bound.free,
    };
    const { callDigest: _, ...rest } = honest;
    const asked = {
      ...rest,
      scope: "task",
      uses: 5,
      bound: covers,
      effect: "write",
      expiresAt: "2026-11-22T09:15:00.000Z",
      previewDigest: sha256(canonicalJson({ ...display, bound })),
    };
    const forTask = (change: object): Signing => ({ ...signing({ ...asked, ...change }, display), bound });

    it("finds nothing wrong with the bound that stands on the page", async () => {
      expect(await whyNotSign(forTask({}))).toBeNull();
    });

    it("refuses a bound where the person chose once, and once where they chose a bound", async () => {
      expect(await whyNotSign({ ...forTask({}), bound: null })).toContain("not what this page shows");
      expect(await whyNotSign(signing({ ...honest, bound: covers }))).toContain("other calls");
      expect(await whyNotSign(forTask({ scope: "once" }))).toContain("another scope ");
    });

    it.each([
      ["tool", { bound: { ...covers, tool: "edit_file" } }],
      ["upstream", { bound: { ...covers, upstream: "others" } }],
      ["resource", { bound: { ...covers, resource: "file:/etc" } }],
      ["effect", { bound: { ...covers, effect: "read" } }],
      ["fixed argument", { bound: { ...covers, fixed: [] } }],
      ["free argument", { bound: { ...covers, free: ["content", "options", "path"] } }],
      ["end", { expiresAt: "2026-11-22T10:15:00.000Z" }],
      ["call beside it", { callDigest: "c" }],
      ["no bound", { bound: null }],
    ])("refuses another %s", async (_name, change) => {
      expect(await whyNotSign(forTask(change))).toContain("other calls");
    });

    it("refuses more uses than the person chose", async () => {
      expect(await whyNotSign(forTask({ uses: 6 }))).toContain("another uses ");
    });
  });
});
