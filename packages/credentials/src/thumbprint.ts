import type { PublicJwk } from "@countersign/core";
import { sha256 } from "./digest.ts";

/** RFC 7638 thumbprint of a public key: base64url SHA-256 over its required members in the order of their names. */
export function thumbprint(jwk: PublicJwk): string {
  const y = jwk.kty === "EC" ? `,"y":"${jwk.y ?? ""}"` : "";
  return sha256(`{"crv":"${jwk.crv}","kty":"${jwk.kty}","x":"${jwk.x}"${y}}`);
}
