import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeJoinToken, parseJoinToken } from "../join-token.ts";
import { generateSigningKey } from "../keys.ts";
import { certificateAuthority } from "./authority.ts";
import { toPem } from "./pem.ts";
import { bundleHash, parseBundle } from "./trust-bundle.ts";
import { verifySvid } from "./verify-svid.ts";

/** What another implementation issued, and what becomes of it. Delete the file and run this test to make new ones. */
const FILE = new URL("../../testdata/svids.json", import.meta.url);
interface Vectors {
  readonly now: string;
  readonly bundle: string;
  readonly bundleHash: string;
  readonly svids: readonly { readonly name: string; readonly expected: string; readonly pem: string }[];
  readonly joinToken: { readonly text: string; readonly id: string; readonly secret: string; readonly digest: string };
}

const ID = "spiffe://example.org/point/ep_0000000000000000000001";
/** Extensions of a good certificate in OpenSSL's words; a case replaces or removes some. */
const GOOD: Readonly<Record<string, string>> = {
  basicConstraints: "critical,CA:FALSE",
  keyUsage: "critical,digitalSignature",
  extendedKeyUsage: "serverAuth,clientAuth",
  subjectAltName: `critical,URI:${ID}`,
  subjectKeyIdentifier: "hash",
  authorityKeyIdentifier: "keyid",
};
interface Case {
  readonly name: string;
  readonly expected?: string;
  readonly extensions?: Readonly<Record<string, string | null>>;
  readonly key?: readonly string[];
  readonly digest?: string;
  readonly subject?: string;
}
const P256 = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] as const;
const bad = (name: string, extensions: Case["extensions"] = {}, more: Partial<Case> = {}): Case => ({
  name,
  expected: "svid.malformed",
  extensions,
  ...more,
});
const CASES: readonly Case[] = [
  { name: "good" },
  { name: "good, Ed25519", key: ["ED25519"] },
  { name: "good, with a subject", subject: "/CN=edge" },
  { name: "good, with an unknown extension that is not critical", extensions: { "1.2.3.4": "ASN1:UTF8String:x" } },
  bad("RSA key", {}, { key: ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] }),
  bad("P-384 key", {}, { key: ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"] }),
  bad("signed with SHA-1", {}, { digest: "sha1" }),
  bad("signed with SHA-384", {}, { digest: "sha384" }),
  bad("two URIs", { subjectAltName: `critical,URI:${ID},URI:${ID}2` }),
  bad("a URI and a DNS name", { subjectAltName: `critical,URI:${ID},DNS:localhost` }),
  bad("a DNS name alone", { subjectAltName: "critical,DNS:localhost" }),
  bad("no name", { subjectAltName: null }, { subject: "/CN=edge" }),
  bad("a name that is not critical", { subjectAltName: `URI:${ID}` }),
  bad("an id without a path", { subjectAltName: "critical,URI:spiffe://example.org" }),
  bad("another scheme", { subjectAltName: "critical,URI:https://example.org/point/ep_0000000000000000000001" }),
  bad("an id with a query", { subjectAltName: `critical,URI:${ID}?x` }),
  bad("an id with a port", { subjectAltName: "critical,URI:spiffe://example.org:1/point" }),
  bad("an id with capitals in the trust domain", { subjectAltName: "critical,URI:spiffe://Example.org/point" }),
  bad("an id with dots", { subjectAltName: "critical,URI:spiffe://example.org/a/../point" }),
  bad("an authority", { basicConstraints: "critical,CA:TRUE", keyUsage: "critical,keyCertSign,cRLSign" }),
  bad("an authority that signs", { basicConstraints: "critical,CA:TRUE" }),
  bad("no basic constraints", { basicConstraints: null }),
  bad("may sign certificates", { keyUsage: "critical,digitalSignature,keyCertSign" }),
  bad("key usage that is not critical", { keyUsage: "digitalSignature" }),
  bad("no key usage", { keyUsage: null }),
  bad("a client alone", { extendedKeyUsage: "clientAuth" }),
  bad("code signing too", { extendedKeyUsage: "serverAuth,clientAuth,codeSigning" }),
  bad("no extended key usage", { extendedKeyUsage: null }),
  bad("an unknown extension that is critical", { "1.2.3.4": "critical,ASN1:UTF8String:x" }),
  bad("name constraints", { nameConstraints: "critical,permitted;URI:example.org" }),
  {
    name: "another trust domain",
    expected: "svid.other_domain",
    extensions: { subjectAltName: "critical,URI:spiffe://example.com/point/ep_0000000000000000000001" },
  },
  { name: "no authority key id", expected: "svid.untrusted", extensions: { authorityKeyIdentifier: "none" } },
  {
    name: "authority by name and serial",
    expected: "svid.untrusted",
    extensions: { authorityKeyIdentifier: "issuer:always" },
  },
];

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "pipe", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Issues with OpenSSL, under an authority of ours. */
class Issuer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "countersign-openssl-"));
  readonly now: number = Date.now();
  readonly bundle: string;

  constructor() {
    const key = generateSigningKey("P-256");
    const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
    const ca = certificateAuthority(key, { trustDomain: "example.org", now: this.now, random });
    this.bundle = toPem(ca.certificate.der);
    this.write("ca.pem", this.bundle);
    this.write("ca.key", key.privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  }

  write(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return name;
  }

  openssl(...args: readonly string[]): string {
    return execFileSync("openssl", args, { encoding: "utf8", cwd: this.folder, timeout: 20_000, stdio: "pipe" });
  }

  /** One request serves many cases: the extensions come with the certificate. */
  private requestFor([algorithm = "", ...options]: readonly string[], subject: string): string {
    const name = [algorithm, ...options, subject].join("-").replace(/[^A-Za-z0-9-]/g, "_");
    if (existsSync(join(this.folder, `${name}.csr`))) return `${name}.csr`;
    this.openssl("genpkey", "-algorithm", algorithm, ...options, "-out", `${name}.key`);
    this.openssl("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", `${name}.csr`);
    return `${name}.csr`;
  }

  authority(extensions: Readonly<Record<string, string>>): string {
    const lines = Object.entries({ ...AUTHORITY, ...extensions }).map(([name, value]) => `${name} = ${value}`);
    this.write("own.cnf", `[req]\ndistinguished_name = dn\n[dn]\n[v3]\n${lines.join("\n")}\n`);
    this.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "own.key");
    const made = ["-key", "own.key", "-subj", "/CN=x", "-days", "1", "-config", "own.cnf", "-extensions", "v3"];
    return this.openssl("req", "-x509", "-new", ...made);
  }

  issue({ extensions = {}, key = P256, digest = "sha256", subject = "/" }: Case): string {
    const lines = Object.entries({ ...GOOD, ...extensions }).flatMap(([name, value]) =>
      value === null ? [] : [`${name} = ${value}`],
    );
    this.write("leaf.cnf", `[v3]\n${lines.join("\n")}\n`);
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "0x4001020304050607", `-${digest}`];
    const signed = ["-days", "1", "-extfile", "leaf.cnf", "-extensions", "v3", "-out", "leaf.pem"];
    this.openssl("x509", "-req", "-in", this.requestFor(key, subject), ...by, ...signed);
    return readFileSync(join(this.folder, "leaf.pem"), "utf8");
  }
}

/** Authorities that OpenSSL makes; of these only the first is of our form. */
const AUTHORITY: Readonly<Record<string, string>> = {
  basicConstraints: "critical,CA:TRUE,pathlen:0",
  keyUsage: "critical,keyCertSign,cRLSign",
  subjectAltName: "URI:spiffe://example.org",
  subjectKeyIdentifier: "hash",
  authorityKeyIdentifier: "keyid",
};
const AUTHORITIES: readonly (readonly [string, boolean, Readonly<Record<string, string>>])[] = [
  ["good", true, {}],
  ["of any depth", false, { basicConstraints: "critical,CA:TRUE" }],
  ["not critical", false, { basicConstraints: "CA:TRUE,pathlen:0" }],
  ["none", false, { basicConstraints: "critical,CA:FALSE" }],
  ["that signs other things", false, { keyUsage: "critical,keyCertSign,cRLSign,digitalSignature" }],
  ["with a path", false, { subjectAltName: "URI:spiffe://example.org/ca" }],
  ["of two trust domains", false, { subjectAltName: "URI:spiffe://example.org,URI:spiffe://example.com" }],
  ["without a key id", false, { subjectKeyIdentifier: "none", authorityKeyIdentifier: "none" }],
];

function judged(pem: string, bundlePem: string, now: number): string {
  const read = parseBundle(bundlePem);
  if (!read.ok) return read.code;
  const verified = verifySvid(pem, { bundle: read.bundle, now });
  return verified.ok ? verified.spiffeId : verified.code;
}

describe.skipIf(!hasOpenssl())("what openssl issues under our authority", () => {
  let issuer: Issuer;
  beforeAll(() => {
    issuer = new Issuer();
    if (!existsSync(FILE)) writeFileSync(FILE, `${JSON.stringify(vectorsOf(issuer), null, 2)}\n`);
  });
  afterAll(() => rmSync(issuer.folder, { recursive: true }));

  it.each(CASES)("$name", (one) => {
    const pem = issuer.issue(one);
    const later = issuer.now + 3_600_000;
    expect(judged(pem, issuer.bundle, later)).toBe(one.expected ?? ID);
    expect(judged(pem, issuer.bundle, issuer.now + 2 * 86_400_000)).toBe(
      one.expected === undefined ? "svid.expired" : one.expected,
    );
  });
});

describe.skipIf(!hasOpenssl())("what openssl makes an authority", () => {
  let issuer: Issuer;
  beforeAll(() => {
    issuer = new Issuer();
  });
  afterAll(() => rmSync(issuer.folder, { recursive: true }));

  it.each(AUTHORITIES)("%s: %s", (_name, good, extensions) => {
    expect(parseBundle(issuer.authority(extensions)).ok).toBe(good);
  });
});

function vectorsOf(issuer: Issuer): Vectors {
  const read = parseBundle(issuer.bundle);
  if (!read.ok) throw new Error(read.code);
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  const id = newId("joi", issuer.now, random);
  const { token, digest } = makeJoinToken({ id, bundleHash: bundleHash(read.bundle), random });
  return {
    now: new Date(issuer.now + 3_600_000).toISOString(),
    bundle: issuer.bundle,
    bundleHash: bundleHash(read.bundle),
    svids: CASES.map((one) => ({ name: one.name, expected: one.expected ?? ID, pem: issuer.issue(one) })),
    joinToken: { text: token, id, secret: parseJoinToken(token)?.secret ?? "", digest },
  };
}

describe("testdata/svids.json", () => {
  const vectors = (): Vectors => JSON.parse(readFileSync(FILE, "utf8")) as Vectors;

  it("holds certificates, each with what it is", () => {
    const { svids, bundle, now } = vectors();
    expect(svids.length).toBeGreaterThan(30);
    for (const { pem, expected } of svids) expect(judged(pem, bundle, Date.parse(now))).toBe(expected);
  });

  it("holds a bundle with its hash, and a join token for it", () => {
    const { bundle, bundleHash: hash, joinToken } = vectors();
    const der = Buffer.from(bundle.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const own = async (bytes: Buffer): Promise<string> =>
      Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toString("base64url");
    expect(parseJoinToken(joinToken.text)).toEqual({ id: joinToken.id, secret: joinToken.secret, bundleHash: hash });
    return expect(Promise.all([own(der), own(Buffer.from(joinToken.secret))])).resolves.toEqual([
      hash,
      joinToken.digest,
    ]);
  });

  it.skipIf(!hasOpenssl())("is judged alike by openssl where both judge", () => {
    const { svids, bundle, now } = vectors();
    const folder = mkdtempSync(join(tmpdir(), "countersign-openssl-"));
    writeFileSync(join(folder, "ca.pem"), bundle);
    const at = String(Math.floor(Date.parse(now) / 1000));
    const accepts = (pem: string): boolean => {
      writeFileSync(join(folder, "leaf.pem"), pem);
      const args = ["verify", "-x509_strict", "-purpose", "sslclient", "-attime", at, "-CAfile", "ca.pem", "leaf.pem"];
      try {
        execFileSync("openssl", args, { cwd: folder, stdio: "pipe", timeout: 20_000 });
        return true;
      } catch {
        return false;
      }
    };
    // OpenSSL knows nothing of SPIFFE: it accepts more, and must accept all that we do.
    const ours = svids.filter(({ expected }) => !expected.startsWith("svid."));
    expect(ours).toHaveLength(4);
    for (const { pem } of ours) expect(accepts(pem)).toBe(true);
    expect(svids.filter(({ pem }) => accepts(pem)).length).toBeLessThan(svids.length);
    rmSync(folder, { recursive: true });
  });
});
