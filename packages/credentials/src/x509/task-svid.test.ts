import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@countersign/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateSigningKey } from "../keys.ts";
import { type CertificateAuthority, certificateAuthority, issueSvid, serialNumber } from "./authority.ts";
import { toPem } from "./pem.ts";
import { type TaskSubject, issueTaskSvid, verifyTaskSvid } from "./task-svid.ts";
import { type TrustBundle, bundlePem, parseBundle } from "./trust-bundle.ts";
import { verifySvid } from "./verify-svid.ts";

// OpenSSL asks the machine's clock, so this is now.
const NOW = Math.floor(Date.now() / 1000) * 1000 + 250;
const SECOND = 1000;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const AGENT = newId("agt", NOW, random);
const HUMAN = newId("hum", NOW, random);
const TASK = newId("tsk", NOW, random);
const agent: TaskSubject = { agent: AGENT, human: null };
const human: TaskSubject = { agent: null, human: HUMAN };

function authority(trustDomain = "example.org"): CertificateAuthority {
  return certificateAuthority(generateSigningKey("P-256"), { trustDomain, now: NOW, random });
}
function bundleOf({ certificate }: CertificateAuthority): TrustBundle {
  const read = parseBundle(bundlePem({ authorities: [certificate] }));
  if (!read.ok) throw new Error(read.code);
  return read.bundle;
}

const ca = authority();
const trust = { bundle: bundleOf(ca), now: NOW };
const key = generateSigningKey("P-256");
const asked = { ca, subject: agent, task: TASK, publicKey: key.jwk, until: NOW + 3_600_000, now: NOW, random };
const leaf = (path: string, more: Partial<Parameters<typeof issueSvid>[0]> = {}): Buffer =>
  issueSvid({
    ca,
    publicKey: key.jwk,
    spiffeId: `spiffe://example.org${path}`,
    notBefore: NOW - 30 * SECOND,
    notAfter: NOW + 200 * SECOND,
    serial: serialNumber(random),
    sides: "client",
    ...more,
  });

describe("the certificate of a task", () => {
  it.each(["P-256", "Ed25519"] as const)("names agent and task, for a key on %s", (curve) => {
    const own = generateSigningKey(curve);
    const { der, spiffeId, notAfter } = issueTaskSvid({ ...asked, publicKey: own.jwk });
    expect(spiffeId).toBe(`spiffe://example.org/agent/${AGENT}/task/${TASK}`);
    const said = { ok: true, agent: AGENT, human: null, task: TASK, jkt: own.jkt, notAfter };
    expect(verifyTaskSvid(der, trust)).toEqual(said);
    expect(verifyTaskSvid(toPem(der), trust)).toEqual(said);
  });

  it("names the human in a person's own task", () => {
    const { der, spiffeId } = issueTaskSvid({ ...asked, subject: human });
    expect(spiffeId).toBe(`spiffe://example.org/human/${HUMAN}/task/${TASK}`);
    expect(verifyTaskSvid(der, trust)).toMatchObject({ ok: true, agent: null, human: HUMAN, task: TASK });
  });

  it("lasts five minutes at most, the time that it is dated back with them, and never beyond its task", () => {
    const { der, notAfter } = issueTaskSvid(asked);
    const read = verifySvid(der, { ...trust, sides: "client" });
    expect(read).toMatchObject({ notBefore: NOW - 250 - 30 * SECOND, notAfter: NOW - 250 + 270 * SECOND });
    expect(notAfter).toBe(NOW - 250 + 270 * SECOND);
    expect(issueTaskSvid({ ...asked, until: NOW + 10 * SECOND }).notAfter).toBe(NOW - 250 + 10 * SECOND);
    for (const until of [NOW, NOW - SECOND, NOW + 700])
      expect(() => issueTaskSvid({ ...asked, until })).toThrow("cannot be issued");
  });

  it("is good for a gateway whose clock is half a minute behind, and ended to the second", () => {
    const { der, notAfter } = issueTaskSvid(asked);
    const at = (now: number): unknown => verifyTaskSvid(der, { ...trust, now });
    expect(at(NOW - 30 * SECOND)).toMatchObject({ ok: true });
    expect(at(NOW - 31 * SECOND)).toEqual({ ok: false, code: "svid.expired" });
    expect(at(notAfter)).toMatchObject({ ok: true });
    expect(at(notAfter + 1)).toEqual({ ok: false, code: "svid.expired" });
  });

  it("is refused when it was issued for longer, whoever did", () => {
    const path = `/agent/${AGENT}/task/${TASK}`;
    const notBefore = NOW - 30 * SECOND;
    expect(verifyTaskSvid(leaf(path, { notBefore, notAfter: notBefore + 300 * SECOND }), trust)).toMatchObject({
      ok: true,
    });
    expect(verifyTaskSvid(leaf(path, { notBefore, notAfter: notBefore + 301 * SECOND }), trust)).toEqual({
      ok: false,
      code: "svid.expired",
    });
  });

  it.each([
    ["/server", "svid.not_of_task"],
    ["/point/ep_0000000000000000000001", "svid.not_of_task"],
    [`/agent/${AGENT}`, "svid.not_of_task"],
    [`/agent/${AGENT}/task/${TASK}/x`, "svid.not_of_task"],
    [`/agent/${HUMAN}/task/${TASK}`, "svid.not_of_task"],
    [`/human/${AGENT}/task/${TASK}`, "svid.not_of_task"],
    [`/agent/${AGENT}/task/${AGENT}`, "svid.not_of_task"],
    [`/agent/${AGENT}/point/${TASK}`, "svid.not_of_task"],
    [`/service/${AGENT}/task/${TASK}`, "svid.not_of_task"],
    [`/Agent/${AGENT}/task/${TASK}`, "svid.not_of_task"],
  ])("is refused with the path %s", (path, code) => {
    expect(verifyTaskSvid(leaf(path), trust)).toEqual({ ok: false, code });
  });

  it("is of a client alone: that of a server or gateway is none, nor does one of a task pass for theirs", () => {
    const path = `/agent/${AGENT}/task/${TASK}`;
    expect(verifyTaskSvid(leaf(path, { sides: "both" }), trust)).toEqual({ ok: false, code: "svid.malformed" });
    expect(verifyTaskSvid(leaf("/server", { sides: "both" }), trust)).toEqual({ ok: false, code: "svid.malformed" });
    expect(verifySvid(issueTaskSvid(asked).der, trust)).toEqual({ ok: false, code: "svid.malformed" });
  });

  it("is refused of another authority or trust domain, and of a leaf that signs", () => {
    const other = authority();
    expect(verifyTaskSvid(issueTaskSvid({ ...asked, ca: other }).der, trust)).toEqual({
      ok: false,
      code: "svid.untrusted",
    });
    const foreign = authority("example.com");
    expect(verifyTaskSvid(issueTaskSvid({ ...asked, ca: foreign }).der, trust)).toEqual({
      ok: false,
      code: "svid.other_domain",
    });
    expect(verifyTaskSvid(issueTaskSvid({ ...asked, ca: { ...ca, key } }).der, trust)).toEqual({
      ok: false,
      code: "svid.untrusted",
    });
    expect(verifyTaskSvid(ca.certificate.der, trust)).toEqual({ ok: false, code: "svid.malformed" });
  });

  it("is refused with any byte changed or cut, and nothing is read from noise", () => {
    const { der } = issueTaskSvid(asked);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(der);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        expect(verifyTaskSvid(bytes, trust)).toMatchObject({ ok: false });
      }),
      { numRuns: 1000 },
    );
    for (let size = 0; size < der.length; size += 7)
      expect(verifyTaskSvid(der.subarray(0, size), trust)).toEqual({ ok: false, code: "svid.malformed" });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => !verifyTaskSvid(bytes, trust).ok));
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "pipe", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())("openssl", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-task-svid-"));
    writeFileSync(join(folder, "ca.pem"), toPem(ca.certificate.der));
    writeFileSync(join(folder, "ca.key"), ca.key.privateKey.export({ format: "pem", type: "pkcs8" }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: readonly string[]): string =>
    execFileSync("openssl", args, { encoding: "utf8", cwd: folder, timeout: 20_000, stdio: "pipe" });

  it("accepts it for a client, strictly, and for no server", () => {
    writeFileSync(join(folder, "leaf.pem"), toPem(issueTaskSvid(asked).der));
    const verify = (purpose: string): string =>
      openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", "leaf.pem");
    expect(verify("sslclient")).toBe("leaf.pem: OK\n");
    expect(() => verify("sslserver")).toThrow("Command failed");
    expect(openssl("x509", "-in", "leaf.pem", "-noout", "-ext", "extendedKeyUsage,subjectAltName")).toContain(
      `URI:spiffe://example.org/agent/${AGENT}/task/${TASK}`,
    );
  });

  const ID = `spiffe://example.org/agent/${AGENT}/task/${TASK}`;
  it.each([
    ["good", {}, "ok"],
    ["two names", { subjectAltName: `critical,URI:${ID},URI:spiffe://example.org/server` }, "svid.malformed"],
    ["a DNS name too", { subjectAltName: `critical,URI:${ID},DNS:localhost` }, "svid.malformed"],
    ["another trust domain", { subjectAltName: `critical,URI:${ID.replace("org", "com")}` }, "svid.other_domain"],
    ["an authority", { basicConstraints: "critical,CA:TRUE" }, "svid.malformed"],
    ["may sign certificates", { keyUsage: "critical,digitalSignature,keyCertSign" }, "svid.malformed"],
    ["a server", { extendedKeyUsage: "serverAuth" }, "svid.malformed"],
    ["both sides", { extendedKeyUsage: "serverAuth,clientAuth" }, "svid.malformed"],
    ["any use", { extendedKeyUsage: "anyExtendedKeyUsage" }, "svid.malformed"],
    ["name constraints", { nameConstraints: "critical,permitted;URI:example.org" }, "svid.malformed"],
  ])("issues under our authority: %s", (_name, extensions, expected) => {
    const lines = Object.entries({
      basicConstraints: "critical,CA:FALSE",
      keyUsage: "critical,digitalSignature",
      extendedKeyUsage: "clientAuth",
      subjectAltName: `critical,URI:${ID}`,
      subjectKeyIdentifier: "hash",
      authorityKeyIdentifier: "keyid",
      ...extensions,
    }).map(([name, value]) => `${name} = ${value}`);
    writeFileSync(join(folder, "leaf.cnf"), `[v3]\n${lines.join("\n")}\n`);
    writeFileSync(join(folder, "own.key"), key.privateKey.export({ format: "pem", type: "pkcs8" }));
    openssl("req", "-new", "-key", "own.key", "-subj", "/", "-out", "own.csr");
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "0x4001020304050607", "-sha256"];
    const made = ["-days", "1", "-extfile", "leaf.cnf", "-extensions", "v3", "-out", "own.pem"];
    openssl("x509", "-req", "-in", "own.csr", ...by, ...made);
    const read = verifyTaskSvid(readFileSync(join(folder, "own.pem"), "utf8"), { ...trust, now: Date.now() });
    // A day is too long for a task: what is good else is refused for that alone.
    expect(read.ok ? "ok" : read.code).toBe(expected === "ok" ? "svid.expired" : expected);
  });
});
