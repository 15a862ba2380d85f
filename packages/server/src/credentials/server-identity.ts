import { type SigningKey, generateSigningKey } from "@countersign/credentials";
import type { Authority, Svid } from "./authority.ts";

/** What a server or a point of its process shows: certificate and key in PEM, for `tls.createSecureContext`. */
export interface ServerCredential {
  readonly cert: string;
  readonly key: string;
  /** Unix milliseconds. */
  readonly notAfter: number;
}

/**
 * An identity of this process: a key in memory alone, certified by the installation's authority as `path`. That of one of its own points
 * (`/point/<ep_…>`) serves its clients; over the point link nobody takes it, because the record of an own point names no key.
 */
export class ServerIdentity {
  private readonly authority: Authority;
  private readonly now: () => number;
  private readonly path: string;
  private readonly key: SigningKey = generateSigningKey("P-256");
  private svid: Svid | null = null;
  private renewAt = 0;

  constructor(authority: Authority, now: () => number, path = "/server") {
    this.authority = authority;
    this.now = now;
    this.path = path;
  }

  /** The certificate to show now; another one from half of its life on. */
  credential(): ServerCredential {
    const now = this.now();
    if (this.svid === null || now >= this.renewAt) {
      this.svid = this.authority.issue(this.path, this.key.jwk);
      this.renewAt = now + (this.svid.notAfter - now) / 2;
    }
    const key = this.key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    return { cert: this.svid.pem, key, notAfter: this.svid.notAfter };
  }
}
