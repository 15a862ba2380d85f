import { TAG, element, integer, oid, sequence } from "./der.ts";

/**
 * The one form of our certificates: X.509-SVIDs (SPIFFE X509-SVID) and the authorities that sign them. It is written and read from these
 * constants, so a certificate of any other form is refused before anything in it is believed.
 */
export const ECDSA_SHA256: Buffer = sequence(oid("1.2.840.10045.4.3.2"));
export const ED25519: Buffer = sequence(oid("1.3.101.112"));
export const VERSION_3: Buffer = element(TAG.version, integer(Buffer.from([2])));
export const COMMON_NAME: Buffer = oid("2.5.4.3");

export type ExtensionName =
  | "subjectKeyId"
  | "keyUsage"
  | "subjectAltName"
  | "basicConstraints"
  | "authorityKeyId"
  | "extendedKeyUsage";
export const EXTENSION: Readonly<Record<ExtensionName, Buffer>> = {
  subjectKeyId: oid("2.5.29.14"),
  keyUsage: oid("2.5.29.15"),
  subjectAltName: oid("2.5.29.17"),
  basicConstraints: oid("2.5.29.19"),
  authorityKeyId: oid("2.5.29.35"),
  extendedKeyUsage: oid("2.5.29.37"),
};

export const TRUE: Buffer = element(TAG.boolean, Buffer.from([0xff]));
/** Basic constraints of a leaf (`cA` is false by absence), and of an authority that signs leaves only. */
export const NO_AUTHORITY: Buffer = sequence();
export const AUTHORITY: Buffer = sequence(TRUE, integer(Buffer.from([0])));
/** Key usage `digitalSignature`, and `keyCertSign` with `cRLSign`. */
export const SIGNS: Buffer = element(TAG.bitString, Buffer.from([7, 0x80]));
export const SIGNS_CERTIFICATES: Buffer = element(TAG.bitString, Buffer.from([1, 0x06]));
/** Sides of TLS: a point is either, towards the server and towards its clients; a task is a client and nothing else. */
export type TlsSides = "both" | "client";
const CLIENT = oid("1.3.6.1.5.5.7.3.2");
export const TLS_SIDES: Readonly<Record<TlsSides, Buffer>> = {
  both: sequence(oid("1.3.6.1.5.5.7.3.1"), CLIENT),
  client: sequence(CLIENT),
};
