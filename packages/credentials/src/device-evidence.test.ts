import { newId } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signCompact } from "./compact-signature.ts";
import { signEvidence, verifyEvidence } from "./device-evidence.ts";
import type { EvidenceExpectation } from "./device-evidence.ts";
import { deviceLevel } from "./device-level.ts";
import { generateSigningKey } from "./keys.ts";
import type { Posture } from "./posture.ts";
import { NOW, random } from "./testing/fixtures.ts";
import { flipBit } from "./testing/flip-bit.ts";

const key = generateSigningKey();
const device = newId("dev", NOW, random);
const posture: Posture = {
  os: { platform: "linux", id: "debian", version: "12", kernel: "6.1.0" },
  facts: { diskEncrypted: { value: true, how: "/sys/dev/block" }, firewallOn: { value: "unknown", how: "needs root" } },
};
const evidence = signEvidence(key, { device, posture, nonce: "challenge", now: NOW });
const expected: EvidenceExpectation = { device, jwk: key.jwk, nonce: "challenge", now: NOW };
const code = (text: string, say: Partial<EvidenceExpectation> = {}): string => {
  const verified = verifyEvidence(text, { ...expected, ...say });
  return verified.ok ? "ok" : verified.code;
};
const crafted = (claims: object, header: object = {}): string =>
  signCompact(
    { typ: "countersign-posture+jwt", ...header },
    { device, nonce: "challenge", iat: NOW / 1000, ...posture, ...claims } as never,
    key,
  );

describe("verifyEvidence", () => {
  it("gives back what the device said", () => {
    expect(verifyEvidence(evidence, expected)).toEqual({
      ok: true,
      report: { device, nonce: "challenge", iat: NOW / 1000, ...posture },
    });
  });
  it("takes a report that answers no challenge where none is asked for", () => {
    const own = signEvidence(key, { device, posture, nonce: null, now: NOW });
    expect(code(own, { nonce: null })).toBe("ok");
    expect(code(own)).toBe("credential.replayed");
  });
  it.each<[string, string, Partial<EvidenceExpectation>, string]>([
    ["a stale report", evidence, { now: NOW + 301_000 }, "device.stale"],
    ["a report from the future", evidence, { now: NOW - 31_000 }, "device.stale"],
    ["a report older than asked for", evidence, { now: NOW + 61_000, maxAgeSeconds: 60 }, "device.stale"],
    ["another challenge", evidence, { nonce: "other" }, "credential.replayed"],
    ["another device", evidence, { device: newId("dev", NOW, random) }, "credential.not_bound"],
    ["another key", evidence, { jwk: generateSigningKey().jwk }, "credential.wrong_key"],
    ["a key that is none", evidence, { jwk: {} as never }, "credential.wrong_key"],
    ["another type", crafted({}, { typ: "at+jwt" }), {}, "credential.not_canonical"],
    [
      "a fact that is a text",
      crafted({ facts: { diskEncrypted: { value: "yes", how: "" } } }),
      {},
      "credential.not_canonical",
    ],
    [
      "a fact with an odd name",
      crafted({ facts: { "a b": { value: true, how: "" } } }),
      {},
      "credential.not_canonical",
    ],
    [
      "too many facts",
      crafted({
        facts: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`f${String(i)}`, { value: true, how: "" }])),
      }),
      {},
      "credential.not_canonical",
    ],
    ["a challenge that is a number", crafted({ nonce: 5 }), { nonce: null }, "credential.not_canonical"],
    ["a name that is a number", crafted({ os: { ...posture.os, id: 5 } }), {}, "credential.not_canonical"],
    ["a platform that is missing", crafted({ os: { ...posture.os, platform: null } }), {}, "credential.not_canonical"],
    ["no operating system", crafted({ os: null }), {}, "credential.not_canonical"],
    ["a version that is a number", crafted({ os: { ...posture.os, version: 12 } }), {}, "credential.not_canonical"],
    ["no time", crafted({ iat: null }), {}, "credential.not_canonical"],
    ["no token", "x", {}, "credential.not_canonical"],
  ])("refuses %s", (...[, text, say, wanted]) => {
    expect(code(text, say)).toBe(wanted);
  });
  it("counts a report of 300 seconds ago", () => {
    expect(code(evidence, { now: NOW + 300_000 })).toBe("ok");
  });
  it("refuses all evidence with one bit changed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: evidence.length * 7 - 1 }), (bit) => {
        expect(code(flipBit(evidence, bit))).not.toBe("ok");
      }),
      { numRuns: 200 },
    );
  });
  it("answers on any signed claims", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("device", "nonce", "iat", "os", "facts"), fc.jsonValue()), (claims) => {
        expect(typeof code(crafted(claims))).toBe("string");
      }),
      { numRuns: 100 },
    );
  });
});

describe("deviceLevel", () => {
  it.each(["linux", "darwin", "win32"])("gives %s with a known version the level enrolled", (platform) => {
    expect(deviceLevel({ ...posture, os: { ...posture.os, platform } })).toEqual({ level: "enrolled", missing: [] });
  });
  it("names what is missing and the remedy", () => {
    const judged = deviceLevel({ facts: {}, os: { platform: "aix", id: null, version: " ", kernel: null } });
    expect(judged.level).toBeNull();
    expect(judged.missing.map(({ fact }) => fact)).toEqual(["os.platform", "os.version"]);
    expect(
      deviceLevel({ facts: {}, os: { platform: "linux", id: null, version: null, kernel: null } }).level,
    ).toBeNull();
  });
});
