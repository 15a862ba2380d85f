import { hash, sign } from "node:crypto";
import { AppError, type PublicJwk, type Random } from "@countersign/core";
import { type SigningKey, type VerificationKey, importPublicKey } from "../keys.ts";
import { type Certificate, subjectKeyId } from "./certificate.ts";
import { TAG, bitString, element, integer, sequence, time } from "./der.ts";
import {
  AUTHORITY,
  COMMON_NAME,
  ECDSA_SHA256,
  EXTENSION,
  type ExtensionName,
  NO_AUTHORITY,
  SIGNS,
  SIGNS_CERTIFICATES,
  TLS_SIDES,
  TRUE,
  type TlsSides,
  VERSION_3,
} from "./profile.ts";
import { parseSpiffeId } from "./spiffe-id.ts";
import { readAuthority } from "./trust-bundle.ts";

/** An authority that signs the SVIDs of one trust domain. */
export interface CertificateAuthority {
  readonly trustDomain: string;
  /** A P-256 key: every TLS stack verifies it. */
  readonly key: SigningKey;
  readonly certificate: Certificate;
}

const YEAR_MS = 365.25 * 86_400_000;
const AUTHORITY_YEARS = 10;
/** Clocks of points may be a little behind. */
const BACKDATED_MS = 300_000;

/**
 * A new authority: a self-signed certificate of ten years for a P-256 key, itself the SVID of the trust domain (X509-SVID §3, §4).
 * @throws AppError `internal.error` when the key is not P-256 or the name no trust domain.
 */
export function certificateAuthority(
  key: SigningKey,
  { trustDomain, now, random }: { readonly trustDomain: string; readonly now: number; readonly random: Random },
): CertificateAuthority {
  const id = `spiffe://${trustDomain}`;
  if (key.algorithm !== "ES256" || parseSpiffeId(id)?.path !== "")
    throw new AppError("internal.error", { detail: "an authority needs a P-256 key and the name of a trust domain" });
  const serial = serialNumber(random);
  // Authorities that follow each other have names of their own, so that no verifier takes one for the other.
  const name = sequence(
    element(
      TAG.set,
      sequence(COMMON_NAME, element(TAG.utf8, Buffer.from(`Countersign ${serial.subarray(0, 4).toString("hex")}`))),
    ),
  );
  const certificate = signed(key, {
    serial,
    issuer: name,
    subject: name,
    notBefore: now - BACKDATED_MS,
    notAfter: now + AUTHORITY_YEARS * YEAR_MS,
    key,
    extensions: [
      extension("basicConstraints", AUTHORITY, true),
      extension("keyUsage", SIGNS_CERTIFICATES, true),
      extension("subjectAltName", sequence(element(TAG.uri, Buffer.from(id))), false),
      extension("subjectKeyId", element(TAG.octetString, keyId(key)), false),
      extension("authorityKeyId", sequence(element(TAG.keyId, keyId(key))), false),
    ],
  });
  return openAuthority(key, certificate);
}

/** An authority from its key and the certificate that was made for it. @throws AppError `data.damaged` when they do not belong together */
export function openAuthority(key: SigningKey, certificate: Buffer): CertificateAuthority {
  const read = readAuthority(certificate);
  if (read === null || read.certificate.key.jkt !== key.jkt)
    throw new AppError("data.damaged", { detail: "the certificate of the authority does not belong to its key" });
  return { trustDomain: read.trustDomain, key, certificate: read.certificate };
}

/** What an SVID says. Times in Unix milliseconds, kept in whole seconds. */
export interface SvidRequest {
  readonly ca: CertificateAuthority;
  readonly publicKey: PublicJwk;
  readonly spiffeId: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** From {@link serialNumber}. */
  readonly serial: Uint8Array;
  /** By default both. */
  readonly sides?: TlsSides;
}

/**
 * Issues an X.509-SVID: no subject, the SPIFFE ID as its one name, for the sides of TLS that are asked for.
 * @throws AppError `internal.error` when the id is not one of the authority's trust domain with a path, the key cannot be used, or the
 * time is not within the authority's.
 */
export function issueSvid({ ca, publicKey, spiffeId, sides = "both", ...times }: SvidRequest): Buffer {
  const { notBefore, notAfter, serial } = times;
  const id = parseSpiffeId(spiffeId);
  const imported = importPublicKey(publicKey);
  const issuer = subjectKeyId(ca.certificate.extensions);
  const inTime = notBefore < notAfter && notBefore >= ca.certificate.notBefore && notAfter <= ca.certificate.notAfter;
  if (id === null || id.trustDomain !== ca.trustDomain || id.path === "" || !imported.ok || !inTime || issuer === null)
    throw new AppError("internal.error", { detail: "such an identity cannot be issued" });
  return signed(ca.key, {
    serial,
    issuer: ca.certificate.subject,
    subject: sequence(),
    notBefore,
    notAfter,
    key: imported.key,
    extensions: [
      extension("basicConstraints", NO_AUTHORITY, true),
      extension("keyUsage", SIGNS, true),
      extension("extendedKeyUsage", TLS_SIDES[sides], false),
      // RFC 5280 §4.2.1.6: critical, because there is no subject.
      extension("subjectAltName", sequence(element(TAG.uri, Buffer.from(spiffeId))), true),
      extension("subjectKeyId", element(TAG.octetString, keyId(imported.key)), false),
      extension("authorityKeyId", sequence(element(TAG.keyId, issuer)), false),
    ],
  });
}

/** A serial number of 127 unpredictable bits that is positive as it stands. */
export function serialNumber(random: Random): Buffer {
  const bytes = Buffer.from(random(16));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes;
}

interface Content {
  readonly serial: Uint8Array;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly key: VerificationKey;
  readonly extensions: readonly Buffer[];
}

function signed(key: SigningKey, content: Content): Buffer {
  const body = sequence(
    VERSION_3,
    integer(content.serial),
    ECDSA_SHA256,
    content.issuer,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    publicKeyInfo(content.key),
    element(TAG.extensions, sequence(...content.extensions)),
  );
  return sequence(body, ECDSA_SHA256, bitString(sign("sha256", body, key.privateKey)));
}

function extension(name: ExtensionName, value: Buffer, critical: boolean): Buffer {
  return sequence(EXTENSION[name], ...(critical ? [TRUE] : []), element(TAG.octetString, value));
}

function publicKeyInfo({ key }: VerificationKey): Buffer {
  return key.export({ format: "der", type: "spki" });
}

/** RFC 7093 §2, method 1: the first 160 bits of SHA-256 over the public key. */
function keyId({ jwk }: VerificationKey): Buffer {
  const x = Buffer.from(jwk.x, "base64url");
  const point = jwk.y === undefined ? x : Buffer.concat([Buffer.from([4]), x, Buffer.from(jwk.y, "base64url")]);
  return hash("sha256", point, "buffer").subarray(0, 20);
}
