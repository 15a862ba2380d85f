import { readCbor } from "./cbor.ts";

/** What an authenticator signs about itself (WebAuthn Level 3 section 6.1). */
export interface AuthenticatorData {
  readonly rpIdHash: Buffer;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly counter: number;
}

/**
 * Reads the authenticator data of an assertion. Null when its length does not fit its flags: attested credential data never
 * stands in an assertion, extensions are one CBOR map to the last byte, and backed up implies backup eligible. Never throws.
 */
export function readAuthenticatorData(bytes: Buffer): AuthenticatorData | null {
  if (bytes.length < 37) return null;
  const flags = bytes.readUInt8(32);
  const [attested, extended] = [(flags & 0x40) !== 0, (flags & 0x80) !== 0];
  const [backupEligible, backedUp] = [(flags & 0x08) !== 0, (flags & 0x10) !== 0];
  if (attested || (backedUp && !backupEligible)) return null;
  if (extended) {
    const extensions = readCbor(bytes, 37);
    if (!extensions.ok || !(extensions.value instanceof Map) || extensions.end !== bytes.length) return null;
  } else if (bytes.length !== 37) {
    return null;
  }
  return {
    rpIdHash: bytes.subarray(0, 32),
    userPresent: (flags & 0x01) !== 0,
    userVerified: (flags & 0x04) !== 0,
    backupEligible,
    backedUp,
    counter: bytes.readUInt32BE(33),
  };
}
