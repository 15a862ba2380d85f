import type { TLSSocket } from "node:tls";
import type { Clock } from "@countersign/core";
import { parseBundle, signKeyProof, verifySvid } from "@countersign/credentials";
import { type PointLog, type RemoteControlPlane, dial } from "@countersign/enforce";
import { type GatewayIdentity, saveIdentity } from "./identity-file.ts";

const LOOK_MS = 60_000;
const DIAL_MS = 2000;

export interface OwnCertificateOptions {
  readonly directory: string;
  readonly now: Clock;
  readonly log: PointLog;
}

/** A gateway's certificate: shown at each dial, renewed over the link from half of its life on, kept for the next start. */
export class OwnCertificate {
  identity: GatewayIdentity;
  private readonly options: OwnCertificateOptions;
  private timer: NodeJS.Timeout | null = null;

  constructor(identity: GatewayIdentity, options: OwnCertificateOptions) {
    this.identity = identity;
    this.options = options;
  }

  async dial(url: string, signal: AbortSignal): Promise<TLSSocket> {
    const { svid, key, bundle } = this.identity;
    const pem = key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const identity = { certificate: svid, key: pem };
    return await dial({ url, bundle, identity, now: this.options.now, timeoutMs: DIAL_MS, signal });
  }

  /** Looks each minute whether half of its life is over. */
  keepFresh(remote: RemoteControlPlane): void {
    this.timer = setInterval(() => {
      this.renewWhenDue(remote).catch((error: unknown) =>
        this.options.log.warn({ err: error }, "the certificate of this gateway was not renewed"),
      );
    }, LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  async renewWhenDue(remote: Pick<RemoteControlPlane, "renewIdentity">): Promise<boolean> {
    const { directory, now } = this.options;
    const { svid, bundle, key, notAfter } = this.identity;
    const parsed = parseBundle(bundle);
    const verified = parsed.ok ? verifySvid(svid, { bundle: parsed.bundle, now: now() }) : null;
    if (!parsed.ok || (verified?.ok === true && now() < (verified.notBefore + notAfter) / 2)) return false;
    const audience = `spiffe://${parsed.bundle.trustDomain}/server`;
    // The same key: what an administrator trusts is the key.
    const keyProof = signKeyProof(key, { purpose: "point", audience, nonce: key.jkt, now: now() });
    this.identity = { ...this.identity, ...(await remote.renewIdentity(keyProof)) };
    saveIdentity(directory, this.identity);
    return true;
  }
}
