import { X509Certificate, createPublicKey } from "node:crypto";
import { type VerificationKey, importPublicKey } from "../keys.ts";
import { TAG } from "./der.ts";
import { ECDSA_SHA256, ED25519, EXTENSION, type ExtensionName, TRUE, VERSION_3 } from "./profile.ts";
import { type Element, readElement, readSequence, readTime } from "./read-der.ts";

/** A certificate whose form was read. Nothing in it is trusted before its signature is. */
export interface Certificate {
  readonly der: Buffer;
  /** Issuer and subject: the whole names, to be compared only. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly key: VerificationKey;
  /** Unix milliseconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: Extensions;
  /** The same certificate as OpenSSL reads it. */
  readonly openssl: X509Certificate;
}
export type Extensions = ReadonlyMap<ExtensionName, { readonly critical: boolean; readonly value: Buffer }>;

/** Longest certificate that is read at all. */
const CERTIFICATE_LIMIT_BYTES = 4096;
const NAMES = Object.keys(EXTENSION) as readonly ExtensionName[];

/**
 * Reads a certificate (RFC 5280 §4.1): version 3, key and signature of P-256 or Ed25519 and nothing older, no extension twice, none
 * critical that is not known here. Null for everything else. Never throws.
 */
export function readCertificate(der: Buffer): Certificate | null {
  if (der.length > CERTIFICATE_LIMIT_BYTES) return null;
  const [signed, algorithm, signature, ...more] = readSequence(readElement(der)) ?? [];
  if (signed === undefined || algorithm === undefined || signature?.tag !== TAG.bitString || more.length > 0)
    return null;
  if (!algorithm.whole.equals(ECDSA_SHA256) && !algorithm.whole.equals(ED25519)) return null;
  // A signature is whole bytes.
  if (signature.content.length < 2 || signature.content.readUInt8(0) !== 0) return null;
  return readSigned(der, readSequence(signed), algorithm);
}

function readSigned(der: Buffer, parts: readonly Element[] | null, algorithm: Element): Certificate | null {
  // Eight parts: unique identifiers and other versions are not of this form.
  if (parts?.length !== 8) return null;
  const [version, serial, inner, issuer, validity, subject, key, last] = parts as Eight;
  if (!version.whole.equals(VERSION_3) || !isSerial(serial) || !inner.whole.equals(algorithm.whole)) return null;
  if (readSequence(issuer) === null || readSequence(subject) === null) return null;
  const times = readValidity(validity);
  const imported = readKey(key);
  const extensions = readExtensions(last);
  const openssl = readOpenssl(der);
  if (times === null || imported === null || extensions === null || openssl === null) return null;
  return { der, issuer: issuer.whole, subject: subject.whole, key: imported, ...times, extensions, openssl };
}
type Eight = [Element, Element, Element, Element, Element, Element, Element, Element];

function readValidity(validity: Element): Pick<Certificate, "notBefore" | "notAfter"> | null {
  const [from, until, ...more] = readSequence(validity) ?? [];
  if (from === undefined || until === undefined || more.length > 0) return null;
  const [notBefore, notAfter] = [readTime(from), readTime(until)];
  return notBefore === null || notAfter === null ? null : { notBefore, notAfter };
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes. */
function isSerial({ tag, content }: Element): boolean {
  if (tag !== TAG.integer || content.length === 0 || content.length > 20) return false;
  const first = content.readUInt8(0);
  return first < 0x80 && (first > 0 || (content.length > 1 && content.readUInt8(1) >= 0x80));
}

function readKey({ whole }: Element): VerificationKey | null {
  try {
    const key = createPublicKey({ key: whole, format: "der", type: "spki" });
    const imported = importPublicKey(key.export({ format: "jwk" }));
    // Another spelling of the same key (a compressed point, named parameters written out) would be another certificate.
    return imported.ok && imported.key.key.export({ format: "der", type: "spki" }).equals(whole) ? imported.key : null;
  } catch {
    return null;
  }
}

function readOpenssl(der: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    return null;
  }
}

function readExtensions({ tag, content }: Element): Extensions | null {
  const list = tag === TAG.extensions ? readSequence(readElement(content)) : null;
  const all = list?.map(readExtension) ?? [];
  const known = all.flatMap((one) => (one === null ? [] : [one]));
  const ids = new Set(known.map(({ id }) => id));
  if (all.length === 0 || ids.size < all.length || known.some(({ name, critical }) => name === null && critical))
    return null;
  return new Map(known.flatMap(({ name, critical, value }) => (name === null ? [] : [[name, { critical, value }]])));
}

interface Extension {
  /** The whole identifier, in hex. */
  readonly id: string;
  readonly name: ExtensionName | null;
  readonly critical: boolean;
  readonly value: Buffer;
}

function readExtension(one: Element): Extension | null {
  const [id, ...rest] = readSequence(one) ?? [];
  const value = rest.pop();
  const critical = rest.length > 0;
  if (id?.tag !== TAG.oid || value?.tag !== TAG.octetString || rest.length > 1) return null;
  // DER leaves out what is the default: where a BOOLEAN stands, it is TRUE.
  if (critical && rest[0]?.whole.equals(TRUE) !== true) return null;
  const name = NAMES.find((known) => EXTENSION[known].equals(id.whole)) ?? null;
  return { id: id.whole.toString("hex"), name, critical, value: value.content };
}

/** The one URI among the alternative names; null when there is another number of names, or one of another kind. */
export function onlyUri(extensions: Extensions): string | null {
  const names = extensions.get("subjectAltName");
  const [uri, ...more] = (names === undefined ? null : readSequence(readElement(names.value))) ?? [];
  if (uri?.tag !== TAG.uri || more.length > 0) return null;
  const text = uri.content.toString("latin1");
  return /^[\x21-\x7e]+$/.test(text) ? text : null;
}

/** The key identifier of the certificate's own key; null when it says none. */
export function subjectKeyId(extensions: Extensions): Buffer | null {
  const value = extensions.get("subjectKeyId")?.value;
  const id = value === undefined ? null : readElement(value);
  return id?.tag === TAG.octetString && id.content.length > 0 ? id.content : null;
}

/** The key identifier of the authority that signed; null when it says none, or more than that. */
export function authorityKeyId(extensions: Extensions): Buffer | null {
  const value = extensions.get("authorityKeyId")?.value;
  const parts = value === undefined ? null : readSequence(readElement(value));
  const [id, ...more] = parts ?? [];
  return id?.tag === TAG.keyId && more.length === 0 ? id.content : null;
}

/** True when an extension is there with just this value, marked critical or not as said. */
export function says(extensions: Extensions, name: ExtensionName, of: { value: Buffer; critical: boolean }): boolean {
  const extension = extensions.get(name);
  return extension !== undefined && extension.critical === of.critical && extension.value.equals(of.value);
}
