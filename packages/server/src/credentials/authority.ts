import { AppError, type PublicJwk, type TaskId } from "@countersign/core";
import {
  type CertificateAuthority,
  type TaskSubject,
  type TrustBundle,
  bundleHash,
  bundlePem,
  certificateAuthority,
  issueSvid,
  issueTaskSvid,
  openAuthority,
  parseBundle,
  serialNumber,
  toPem,
} from "@countersign/credentials";
import { type Kernel, serverEntry, settingsOf } from "../kernel.ts";

/** How long an SVID lasts (ADR 0007); it is renewed at half of that. */
const SVID_MS = 24 * 3_600_000;
/** Clocks of points may be a little behind. */
const BACKDATED_MS = 240_000;

export interface Svid {
  readonly spiffeId: string;
  /** PEM, one certificate. */
  readonly pem: string;
  /** Hex, as OpenSSL prints it. */
  readonly serial: string;
  /** Unix milliseconds. */
  readonly notAfter: number;
}

/** The installation's certificate authority: its key is in the key ring, its certificate is the trust bundle. */
export class Authority {
  readonly bundle: TrustBundle;
  /** The bundle as text, and its hash as join tokens name it. */
  readonly pem: string;
  readonly hash: string;
  private readonly kernel: Kernel;
  private readonly ca: CertificateAuthority;

  private constructor(kernel: Kernel, ca: CertificateAuthority, bundle: TrustBundle) {
    this.kernel = kernel;
    this.ca = ca;
    this.bundle = bundle;
    this.pem = bundlePem(bundle);
    this.hash = bundleHash(bundle);
  }

  /** Opens the authority of the trust domain in the settings, and makes it where there is none. @throws AppError `data.damaged` */
  static async open(kernel: Kernel): Promise<Authority> {
    const { trustDomain } = await settingsOf(kernel);
    const pem = await kernel.store.exclusively(async () => await bundleOf(kernel, trustDomain));
    const read = parseBundle(pem);
    const own = read.ok ? read.bundle.authorities.find(({ key }) => key.jkt === kernel.keys.authority.jkt) : undefined;
    if (!read.ok || own === undefined || read.bundle.trustDomain !== trustDomain)
      throw new AppError("data.damaged", {
        detail: "the trust bundle in the database is not that of this installation",
      });
    return new Authority(kernel, openAuthority(kernel.keys.authority, own.der), read.bundle);
  }

  get trustDomain(): string {
    return this.ca.trustDomain;
  }

  /** The identity that servers of this installation show, and that key proofs of points are made for. */
  get serverId(): string {
    return `spiffe://${this.trustDomain}/server`;
  }

  /** Certifies a key as `spiffe://<trust domain><path>`. */
  issue(path: string, publicKey: PublicJwk): Svid {
    const now = this.kernel.now();
    const serial = serialNumber(this.kernel.random);
    const spiffeId = `spiffe://${this.trustDomain}${path}`;
    const notAfter = Math.min(now + SVID_MS, this.ca.certificate.notAfter);
    const der = issueSvid({ ca: this.ca, publicKey, spiffeId, notBefore: now - BACKDATED_MS, notAfter, serial });
    return { spiffeId, pem: toPem(der), serial: serial.toString("hex").toUpperCase(), notAfter };
  }

  /** Certifies a key that was proven for a task: for TLS clients alone, for five minutes at most and not beyond `until` (Unix milliseconds). */
  issueForTask(
    task: TaskId,
    of: { readonly subject: TaskSubject; readonly publicKey: PublicJwk; readonly until: number },
  ): string {
    const { now, random } = this.kernel;
    return toPem(issueTaskSvid({ ca: this.ca, task, ...of, now: now(), random }).der);
  }
}

/** PEM of the authorities of a trust domain. Run alone: two servers that start at once make one. */
async function bundleOf(kernel: Kernel, trustDomain: string): Promise<string> {
  const name = `authority/${trustDomain}`;
  const known = await kernel.store.blob(name);
  if (known !== null) return Buffer.from(known).toString("latin1");
  const { random, keys } = kernel;
  const { certificate } = certificateAuthority(keys.authority, { trustDomain, now: kernel.now(), random });
  const pem = toPem(certificate.der);
  const cause = { trustDomain, jkt: keys.authority.jkt, bundle: bundleHash({ authorities: [certificate] }) };
  await kernel.store.commit({
    blobs: [{ name, bytes: Buffer.from(pem) }],
    entries: [serverEntry(kernel, "key", { action: "authority.create", cause })],
  });
  return pem;
}
