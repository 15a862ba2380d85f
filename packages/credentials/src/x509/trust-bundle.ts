import { sha256 } from "../digest.ts";
import { type Certificate, onlyUri, readCertificate, says, subjectKeyId } from "./certificate.ts";
import { fromPem, toPem } from "./pem.ts";
import { AUTHORITY, SIGNS_CERTIFICATES } from "./profile.ts";
import { parseSpiffeId } from "./spiffe-id.ts";

/** The authorities of one trust domain, in the order of the bundle. While one follows another there are two. */
export interface TrustBundle {
  readonly trustDomain: string;
  readonly authorities: readonly Certificate[];
}

/** Most authorities of a bundle. */
const MOST_AUTHORITIES = 8;

/**
 * Reads a trust bundle: PEM in its strict form and nothing else, one to eight different self-signed authorities of one trust domain.
 * Whether they are the right ones is for {@link bundleHash} to say. Never throws.
 */
export function parseBundle(
  pem: string,
): { readonly ok: true; readonly bundle: TrustBundle } | { readonly ok: false; readonly code: "svid.malformed" } {
  const read = fromPem(pem, MOST_AUTHORITIES)?.map(readAuthority) ?? [];
  const authorities = read.flatMap((one) => (one === null ? [] : [one.certificate]));
  const trustDomain = read[0]?.trustDomain;
  const keys = new Set(authorities.map(({ key }) => key.jkt));
  const whole = authorities.length === read.length && keys.size === read.length;
  if (trustDomain === undefined || !whole || read.some((one) => one?.trustDomain !== trustDomain))
    return { ok: false, code: "svid.malformed" };
  return { ok: true, bundle: { trustDomain, authorities } };
}

/** The bundle as text: each authority in PEM, in the bundle's order. */
export function bundlePem({ authorities }: Pick<TrustBundle, "authorities">): string {
  return authorities.map(({ der }) => toPem(der)).join("");
}

/** base64url SHA-256 over the DER forms of all authorities, one after the other in the bundle's order. */
export function bundleHash({ authorities }: Pick<TrustBundle, "authorities">): string {
  return sha256(Buffer.concat(authorities.map(({ der }) => der)));
}

/** An authority of the form that {@link certificateAuthority} writes, signed by itself; null for everything else. Its time is not judged. */
export function readAuthority(der: Buffer): { readonly trustDomain: string; readonly certificate: Certificate } | null {
  const certificate = readCertificate(der);
  if (certificate === null) return null;
  const { extensions, openssl, key, issuer, subject } = certificate;
  const isAuthority =
    says(extensions, "basicConstraints", { value: AUTHORITY, critical: true }) &&
    says(extensions, "keyUsage", { value: SIGNS_CERTIFICATES, critical: true }) &&
    subjectKeyId(extensions) !== null;
  const id = parseSpiffeId(onlyUri(extensions) ?? "");
  // X509-SVID §3.2: the id of a signing certificate has no path.
  if (!isAuthority || id?.path !== "" || !issuer.equals(subject) || !signedBy(openssl, key.key)) return null;
  return { trustDomain: id.trustDomain, certificate };
}

/** Whether this key signed it. */
export function signedBy(
  certificate: Certificate["openssl"],
  key: Parameters<Certificate["openssl"]["verify"]>[0],
): boolean {
  try {
    return certificate.verify(key);
  } catch {
    return false;
  }
}
