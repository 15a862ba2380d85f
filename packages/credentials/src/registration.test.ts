import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registrationOptions, verifyRegistration } from "./registration.ts";
import type { RegistrationExpectation } from "./registration.ts";
import { sha256 } from "./digest.ts";
import { ORIGIN, RP_ID } from "./testing/fixtures.ts";
import { createSoftAuthenticator } from "./testing/soft-authenticator.ts";
import type { SoftResponseOptions } from "./testing/soft-authenticator.ts";
import { verifyAssertion } from "./assertion.ts";

const challenge = sha256("registration");
const options = registrationOptions({
  challenge,
  rpId: RP_ID,
  rpName: "Countersign",
  userId: Buffer.from("hum_x").toString("base64url"),
  userName: "Ada",
  exclude: ["AAAA"],
});
const authenticator = createSoftAuthenticator({ rpId: RP_ID, origin: ORIGIN });
const expected = (response: unknown, say: Partial<RegistrationExpectation> = {}): RegistrationExpectation => ({
  response,
  challenge,
  origin: ORIGIN,
  rpId: RP_ID,
  ...say,
});

describe("registrationOptions", () => {
  it("asks for a discoverable passkey with user verification, Ed25519 first", () => {
    expect(options.authenticatorSelection).toEqual({
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    });
    expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-8, -7, -257]);
    expect(options.excludeCredentials).toEqual([{ type: "public-key", id: "AAAA" }]);
  });
});

describe("verifyRegistration", () => {
  it.each([-8, -7, -257] as const)("accepts a passkey of algorithm %i, which then signs", async (algorithm) => {
    const own = createSoftAuthenticator({ rpId: RP_ID, origin: ORIGIN, algorithm });
    const verified = await verifyRegistration(expected(own.register(options, { be: true, bs: true })));
    expect(verified).toEqual({
      ok: true,
      passkey: {
        credentialId: own.credentialId,
        publicKey: own.publicKey,
        counter: 0,
        aaguid: "00000000-0000-0000-0000-000000000000",
        backedUp: true,
        transports: ["internal"],
      },
    });
    const { publicKey, counter } = (verified as { passkey: { publicKey: string; counter: number } }).passkey;
    const assertion = own.sign({ challenge });
    expect(verifyAssertion({ assertion, challenge, origin: ORIGIN, rpId: RP_ID, publicKey, counter })).toMatchObject({
      ok: true,
    });
  });
  it.each<[string, SoftResponseOptions, string]>([
    ["no user verification", { uv: false }, "refused"],
    ["nobody present", { up: false }, "refused"],
    ["another origin", { origin: "http://evil.example" }, "refused"],
    ["another relying party", { rpId: "evil.example" }, "refused"],
    ["another type", { type: "webauthn.get" }, "refused"],
    ["a frame of another site", { crossOrigin: true }, "cross_origin"],
    ["a top origin", { topOrigin: ORIGIN }, "cross_origin"],
    ["a challenge twice", { clientDataJSON: `{"challenge":"a","challenge":"${challenge}"}` }, "malformed"],
  ])("refuses %s", async (_name, say, fault) => {
    expect(await verifyRegistration(expected(authenticator.register(options, say)))).toEqual({
      ok: false,
      code: "webauthn.refused",
      fault,
    });
  });
  it("keeps a few short transports and drops the rest", async () => {
    const given = authenticator.register(options);
    const transports = ["usb", 5, "x".repeat(33), "nfc"];
    const verified = await verifyRegistration(expected({ ...given, response: { ...given.response, transports } }));
    expect(verified).toMatchObject({ ok: true, passkey: { transports: ["usb", "nfc"] } });
  });
  it.each(["clientDataJSON", "attestationObject"] as const)("refuses %s in another spelling", async (member) => {
    const given = authenticator.register(options);
    const response = { ...given.response, [member]: `${given.response[member]}=` };
    expect(await verifyRegistration(expected({ ...given, response }))).toMatchObject({ ok: false, fault: "malformed" });
  });
  it("refuses another challenge", async () => {
    const verified = await verifyRegistration(
      expected(authenticator.register(options), { challenge: sha256("other") }),
    );
    expect(verified).toMatchObject({ ok: false, code: "webauthn.refused" });
  });
  it("refuses a passkey under a foreign id", async () => {
    const foreign = createSoftAuthenticator({ rpId: RP_ID, origin: ORIGIN });
    const { credentialId: id } = foreign;
    const verified = await verifyRegistration(expected({ ...authenticator.register(options), id, rawId: id }));
    expect(verified).toMatchObject({ ok: false, code: "webauthn.refused" });
  });
  it("answers on any body", async () => {
    const text = fc.string({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString("base64url"));
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ id: text, response: fc.record({ clientDataJSON: text, attestationObject: text }) }),
    );
    await fc.assert(
      fc.asyncProperty(body, async (response) => {
        expect((await verifyRegistration(expected(response))).ok).toBe(false);
      }),
    );
  });
});
