import type { Code } from "@countersign/core";
import { type Certificate, authorityKeyId, onlyUri, readCertificate, says, subjectKeyId } from "./certificate.ts";
import { fromPem } from "./pem.ts";
import { NO_AUTHORITY, SIGNS, TLS_SIDES, type TlsSides } from "./profile.ts";
import { type SpiffeId, parseSpiffeId } from "./spiffe-id.ts";
import { type TrustBundle, signedBy } from "./trust-bundle.ts";

export type SvidCode = Extract<Code, `svid.${string}`>;
export type VerifiedSvid =
  | {
      readonly ok: true;
      readonly spiffeId: string;
      readonly trustDomain: string;
      /** Begins with `/`. */
      readonly path: string;
      /** RFC 7638 thumbprint of the certified key. */
      readonly jkt: string;
      /** Unix milliseconds. */
      readonly notBefore: number;
      readonly notAfter: number;
    }
  | { readonly ok: false; readonly code: SvidCode };

const refused = (code: SvidCode): VerifiedSvid => ({ ok: false, code });

/**
 * Verifies an X.509-SVID (X509-SVID §5) of the one form that {@link issueSvid} writes: a leaf for exactly those sides of TLS with exactly one
 * name, a SPIFFE ID with a path, of the bundle's trust domain and signed by one of its authorities. PEM is one certificate in its strict form.
 * Two readers have to agree on the name, ours and OpenSSL's. Never throws.
 */
export function verifySvid(
  svid: Uint8Array | string,
  { bundle, now, sides = "both" }: { readonly bundle: TrustBundle; readonly now: number; readonly sides?: TlsSides },
): VerifiedSvid {
  const der = typeof svid === "string" ? fromPem(svid, 1)?.[0] : Buffer.from(svid);
  const certificate = der === undefined ? null : readCertificate(der);
  const id = certificate === null ? null : idOf(certificate, sides);
  if (certificate === null || id === null) return refused("svid.malformed");
  if (id.trustDomain !== bundle.trustDomain) return refused("svid.other_domain");
  const authority = bundle.authorities.find((one) => isIssuer(one, certificate));
  if (authority === undefined) return refused("svid.untrusted");
  if (!inTime(certificate, now) || !inTime(authority, now)) return refused("svid.expired");
  const { key, notBefore, notAfter } = certificate;
  const spiffeId = `spiffe://${id.trustDomain}${id.path}`;
  return { ok: true, spiffeId, ...id, jkt: key.jkt, notBefore, notAfter };
}

/** The id of a leaf of our form; null when it is no such leaf. */
function idOf({ extensions, openssl }: Certificate, sides: TlsSides): SpiffeId | null {
  const isLeaf =
    says(extensions, "basicConstraints", { value: NO_AUTHORITY, critical: true }) &&
    says(extensions, "keyUsage", { value: SIGNS, critical: true }) &&
    says(extensions, "extendedKeyUsage", { value: TLS_SIDES[sides], critical: false }) &&
    extensions.get("subjectAltName")?.critical === true &&
    !openssl.ca;
  const uri = onlyUri(extensions);
  if (!isLeaf || uri === null || openssl.subjectAltName !== `URI:${uri}`) return null;
  const id = parseSpiffeId(uri);
  // X509-SVID §4.1: a leaf has a path.
  return id === null || id.path === "" ? null : id;
}

function isIssuer(authority: Certificate, certificate: Certificate): boolean {
  const named = authorityKeyId(certificate.extensions);
  const own = subjectKeyId(authority.extensions);
  if (named === null || own === null || !named.equals(own) || !certificate.issuer.equals(authority.subject))
    return false;
  return signedBy(certificate.openssl, authority.key.key);
}

function inTime({ notBefore, notAfter }: Certificate, now: number): boolean {
  return notBefore <= now && now <= notAfter;
}
