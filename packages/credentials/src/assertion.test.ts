import type { AssertionJson } from "@countersign/core";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verifyAssertion } from "./assertion.ts";
import type { AssertionExpectation } from "./assertion.ts";
import { sha256 } from "./digest.ts";
import { encodeCbor } from "./testing/cbor-encode.ts";
import { ORIGIN, RP_ID } from "./testing/fixtures.ts";
import { createSoftAuthenticator } from "./testing/soft-authenticator.ts";
import type { SoftAuthenticator, SoftResponseOptions } from "./testing/soft-authenticator.ts";

const challenge = sha256("what was shown");
const authenticators = ([-8, -7, -257] as const).map((algorithm) =>
  createSoftAuthenticator({ rpId: RP_ID, origin: ORIGIN, algorithm }),
);
const [ed, ec] = authenticators as [SoftAuthenticator, SoftAuthenticator];
const expected = (assertion: AssertionJson, say: Partial<AssertionExpectation> = {}): AssertionExpectation => ({
  assertion,
  challenge,
  origin: ORIGIN,
  rpId: RP_ID,
  publicKey: ed.publicKey,
  counter: 0,
  ...say,
});
const faultOf = (assertion: AssertionJson, say: Partial<AssertionExpectation> = {}): string => {
  const verified = verifyAssertion(expected(assertion, say));
  return verified.ok ? "ok" : verified.fault;
};
/** What the library says to the same assertion. */
async function library({
  assertion,
  origin,
  rpId,
  publicKey,
  counter,
  ...given
}: AssertionExpectation): Promise<boolean> {
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: assertion as never,
      expectedChallenge: given.challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: {
        id: assertion.id,
        publicKey: new Uint8Array(Buffer.from(publicKey, "base64url")),
        counter: counter ?? 0,
      },
    });
    return verified;
  } catch {
    return false;
  }
}

describe("verifyAssertion", () => {
  it.each(authenticators)("accepts what the library accepts ($publicKey)", async (authenticator) => {
    const given = expected(authenticator.sign({ challenge }), { publicKey: authenticator.publicKey });
    expect(verifyAssertion(given)).toEqual({ ok: true, counter: 1, backedUp: false });
    expect(await library(given)).toBe(true);
  });
  it("reads extensions and the backup flags", () => {
    const extensions = encodeCbor(new Map([["credProtect", 2]]));
    expect(verifyAssertion(expected(ed.sign({ challenge }, { be: true, bs: true, extensions })))).toMatchObject({
      ok: true,
      backedUp: true,
    });
  });
  it.each<[string, SoftResponseOptions, string]>([
    ["another type", { type: "webauthn.create" }, "type"],
    ["another origin", { origin: "http://localhost:7331" }, "origin"],
    ["a frame of another site", { crossOrigin: true }, "cross_origin"],
    ["a cross-origin flag that is no boolean", { crossOrigin: "false" }, "cross_origin"],
    ["a top origin", { topOrigin: ORIGIN }, "cross_origin"],
    ["another relying party", { rpId: "evil.example" }, "rp_id"],
    ["nobody present", { up: false }, "user_present"],
    ["nobody verified", { uv: false }, "user_verified"],
    ["backed up without being eligible", { bs: true }, "malformed"],
    ["extensions that are no map", { extensions: Buffer.from([1]) }, "malformed"],
    ["bytes after the extensions", { extensions: Buffer.from([0xa0, 0]) }, "malformed"],
    ["extensions that are cut off", { extensions: Buffer.from([0xa1]) }, "malformed"],
    ["client data that is no JSON", { clientDataJSON: "{" }, "malformed"],
    ["client data that is a list", { clientDataJSON: "[]" }, "malformed"],
    [
      "a challenge twice",
      {
        clientDataJSON: `{"type":"webauthn.get","challenge":"${challenge}","challenge":"${challenge}","origin":"${ORIGIN}"}`,
      },
      "malformed",
    ],
    [
      "client data with a byte order mark",
      { clientDataJSON: `\uFEFF{"type":"webauthn.get","challenge":"${challenge}","origin":"${ORIGIN}"}` },
      "malformed",
    ],
  ])("refuses %s", (_name, say, wanted) => {
    expect(faultOf(ed.sign({ challenge }, say))).toBe(wanted);
  });
  it("refuses another challenge, key and signature", () => {
    const assertion = ed.sign({ challenge });
    expect(faultOf(assertion, { challenge: sha256("something else") })).toBe("challenge");
    expect(faultOf(assertion, { publicKey: ec.publicKey })).toBe("signature");
    expect(faultOf(assertion, { publicKey: "AAAA" })).toBe("public_key");
    const other = ed.sign({ challenge }, { counter: 77 });
    expect(faultOf({ ...assertion, response: { ...assertion.response, signature: other.response.signature } })).toBe(
      "signature",
    );
  });
  it("refuses a counter that does not grow, and skips the test where none is known", () => {
    const assertion = ed.sign({ challenge }, { counter: 5 });
    expect(faultOf(assertion, { counter: 4 })).toBe("ok");
    expect(faultOf(assertion, { counter: 5 })).toBe("counter");
    expect(faultOf(assertion, { counter: 6 })).toBe("counter");
    expect(faultOf(assertion, { counter: null })).toBe("ok");
    expect(faultOf(ed.sign({ challenge }, { counter: 0 }), { counter: 3 })).toBe("counter");
    expect(faultOf(ed.sign({ challenge }, { counter: 0 }), { counter: 0 })).toBe("ok");
  });
  it.each<[string, (assertion: AssertionJson) => unknown]>([
    ["null", () => null],
    ["no response", (a) => ({ ...a, response: undefined })],
    ["a raw id that differs", (a) => ({ ...a, rawId: ec.credentialId })],
    ["an id that is not base64url", (a) => ({ ...a, id: "?", rawId: "?" })],
    ["an empty id", (a) => ({ ...a, id: "", rawId: "" })],
    ["another kind of credential", (a) => ({ ...a, type: "password" })],
    ["a signature that is a number", (a) => ({ ...a, response: { ...a.response, signature: 1 } })],
    [
      "padded client data",
      (a) => ({ ...a, response: { ...a.response, clientDataJSON: `${a.response.clientDataJSON}=` } }),
    ],
    [
      "padded authenticator data",
      (a) => ({ ...a, response: { ...a.response, authenticatorData: `${a.response.authenticatorData}=` } }),
    ],
    ["a padded signature", (a) => ({ ...a, response: { ...a.response, signature: `${a.response.signature}=` } })],
    ["short authenticator data", (a) => ({ ...a, response: { ...a.response, authenticatorData: "AAAA" } })],
    ["endless client data", (a) => ({ ...a, response: { ...a.response, clientDataJSON: "A".repeat(20_000) } })],
  ])("refuses the form: %s", (_name, change) => {
    expect(faultOf(change(ed.sign({ challenge })) as AssertionJson)).toBe("malformed");
  });
  it("refuses attested data in an assertion", () => {
    const assertion = ed.sign({ challenge });
    const data = Buffer.from(assertion.response.authenticatorData, "base64url");
    data.writeUInt8(data.readUInt8(32) | 0x40, 32);
    expect(
      faultOf({ ...assertion, response: { ...assertion.response, authenticatorData: data.toString("base64url") } }),
    ).toBe("malformed");
  });
});

describe("against the library", () => {
  const say = fc.record(
    {
      up: fc.boolean(),
      uv: fc.boolean(),
      be: fc.boolean(),
      bs: fc.boolean(),
      type: fc.constantFrom("webauthn.get", "webauthn.create"),
      origin: fc.constantFrom(ORIGIN, "http://evil.example"),
      rpId: fc.constantFrom(RP_ID, "evil.example"),
      counter: fc.nat({ max: 3 }),
      crossOrigin: fc.constantFrom(true, false),
      topOrigin: fc.constant("http://evil.example"),
      extensions: fc.constantFrom(encodeCbor(new Map([["a", 1]])), Buffer.from([0])),
    },
    { requiredKeys: [] },
  );
  it("accepts nothing that it refuses, and refuses besides only what we refuse on purpose", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...authenticators),
        say,
        fc.nat({ max: 3 }),
        async (authenticator, options, counter) => {
          const given = expected(authenticator.sign({ challenge }, options), {
            publicKey: authenticator.publicKey,
            counter,
          });
          const own = verifyAssertion(given);
          const theirs = await library(given);
          const stricter = ["cross_origin", "malformed"];
          expect(own.ok ? theirs : !theirs || stricter.includes(own.fault)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
  it("refuses every assertion with one bit changed", () => {
    const members = ["clientDataJSON", "authenticatorData", "signature"] as const;
    const assertion = ed.sign({ challenge });
    fc.assert(
      fc.property(fc.constantFrom(...members), fc.nat(), (member, seed) => {
        const bytes = Buffer.from(assertion.response[member], "base64url");
        const bit = seed % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(
          faultOf({ ...assertion, response: { ...assertion.response, [member]: bytes.toString("base64url") } }),
        ).not.toBe("ok");
      }),
      { numRuns: 400 },
    );
  });
  it("answers on any bytes", () => {
    const text = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("base64url"));
    fc.assert(
      fc.property(text, text, text, (clientDataJSON, authenticatorData, signature) => {
        expect(
          faultOf({ ...ed.sign({ challenge }), response: { clientDataJSON, authenticatorData, signature } }),
        ).not.toBe("ok");
      }),
    );
  });
});
