import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { AssertionJson } from "@countersign/core";
import { encodeCbor } from "./cbor-encode.ts";
import type { Encodable } from "./cbor-encode.ts";

export interface SoftAuthenticatorOptions {
  readonly rpId: string;
  readonly origin: string;
  /** COSE algorithm; -8 (Ed25519) by default. -257 (RS256) too, to test verification. */
  readonly algorithm?: -8 | -7 | -257;
}
/** What one response shall say; by default what an honest authenticator and browser say. */
export interface SoftResponseOptions {
  readonly up?: boolean;
  readonly uv?: boolean;
  /** Backup eligible, backed up. */
  readonly be?: boolean;
  readonly bs?: boolean;
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly counter?: number;
  readonly crossOrigin?: unknown;
  readonly topOrigin?: unknown;
  /** Replaces the client data as a whole. */
  readonly clientDataJSON?: string;
  /** Bytes after the counter, with the flag for extensions set. */
  readonly extensions?: Uint8Array;
}
export interface SoftRegistrationJson {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports: string[];
  };
  readonly clientExtensionResults: Record<string, never>;
  readonly authenticatorAttachment: "platform";
}
export interface SoftAuthenticator {
  /** base64url. */
  readonly credentialId: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  /** Answers registration options in their JSON form, with attestation format `none`. */
  register(options: { readonly challenge: string }, say?: SoftResponseOptions): SoftRegistrationJson;
  /** Answers authentication options in their JSON form, or just a challenge. */
  sign(options: { readonly challenge: string }, say?: SoftResponseOptions): AssertionJson;
}

/** A passkey in memory, for tests only: what a browser and its authenticator answer, in the JSON forms of WebAuthn Level 3. */
export function createSoftAuthenticator(options: SoftAuthenticatorOptions): SoftAuthenticator {
  const algorithm = options.algorithm ?? -8;
  const { publicKey: publicKeyObject, privateKey } = newPair(algorithm);
  const id = randomBytes(16);
  const credentialId = id.toString("base64url");
  const coseKey = encodeCoseKey(algorithm, publicKeyObject);
  let count = 0;
  const base = (say: SoftResponseOptions): SoftResponseOptions => ({
    origin: options.origin,
    rpId: options.rpId,
    ...say,
  });
  return {
    credentialId,
    publicKey: coseKey.toString("base64url"),
    register(given, say = {}) {
      const length = Buffer.from([id.length >> 8, id.length & 255]);
      const attested = Buffer.concat([Buffer.alloc(16), length, id, coseKey]);
      const authData = authenticatorData({ counter: 0, ...base(say) }, attested);
      const attestation = encodeCbor(
        new Map<string, Encodable>([
          ["fmt", "none"],
          ["attStmt", new Map()],
          ["authData", authData],
        ]),
      );
      return {
        id: credentialId,
        rawId: credentialId,
        type: "public-key",
        response: {
          clientDataJSON: clientData("webauthn.create", given.challenge, base(say)).toString("base64url"),
          attestationObject: attestation.toString("base64url"),
          transports: ["internal"],
        },
        clientExtensionResults: {},
        authenticatorAttachment: "platform",
      };
    },
    sign(given, say = {}) {
      count += 1;
      const client = clientData("webauthn.get", given.challenge, base(say));
      const authData = authenticatorData({ counter: count, ...base(say) }, null);
      const data = Buffer.concat([authData, createHash("sha256").update(client).digest()]);
      return {
        id: credentialId,
        rawId: credentialId,
        type: "public-key",
        response: {
          clientDataJSON: client.toString("base64url"),
          authenticatorData: authData.toString("base64url"),
          signature: sign(algorithm === -8 ? null : "sha256", data, privateKey).toString("base64url"),
        },
        clientExtensionResults: {},
        authenticatorAttachment: "platform",
      };
    },
  };
}

function newPair(algorithm: -8 | -7 | -257): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === -8) return generateKeyPairSync("ed25519");
  if (algorithm === -7) return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

function encodeCoseKey(algorithm: -8 | -7 | -257, key: KeyObject): Buffer {
  const jwk = key.export({ format: "jwk" });
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
  const members: [number, number | Uint8Array][] =
    algorithm === -8
      ? [
          [1, 1],
          [3, -8],
          [-1, 6],
          [-2, bytes(jwk.x)],
        ]
      : algorithm === -7
        ? [
            [1, 2],
            [3, -7],
            [-1, 1],
            [-2, bytes(jwk.x)],
            [-3, bytes(jwk.y)],
          ]
        : [
            [1, 3],
            [3, -257],
            [-1, bytes(jwk.n)],
            [-2, bytes(jwk.e)],
          ];
  return encodeCbor(new Map(members));
}

function clientData(type: string, challenge: string, say: SoftResponseOptions): Buffer {
  if (say.clientDataJSON !== undefined) return Buffer.from(say.clientDataJSON);
  const crossOrigin = "crossOrigin" in say ? say.crossOrigin : false;
  return Buffer.from(
    JSON.stringify({ type: say.type ?? type, challenge, origin: say.origin, crossOrigin, topOrigin: say.topOrigin }),
  );
}

function authenticatorData(say: SoftResponseOptions, attested: Uint8Array | null): Buffer {
  const on = (flag: boolean | undefined, bit: number): number => (flag === true ? bit : 0);
  const flags =
    on(say.up ?? true, 0x01) |
    on(say.uv ?? true, 0x04) |
    on(say.be, 0x08) |
    on(say.bs, 0x10) |
    on(attested !== null, 0x40) |
    on(say.extensions !== undefined, 0x80);
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(say.counter ?? 0);
  const rpIdHash = createHash("sha256")
    .update(say.rpId ?? "")
    .digest();
  return Buffer.concat([
    rpIdHash,
    Buffer.from([flags]),
    counter,
    attested ?? Buffer.alloc(0),
    say.extensions ?? Buffer.alloc(0),
  ]);
}
