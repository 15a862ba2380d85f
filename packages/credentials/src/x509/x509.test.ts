import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateSigningKey } from "../keys.ts";
import { certificateAuthority, issueSvid, serialNumber } from "./authority.ts";
import type { CertificateAuthority } from "./authority.ts";
import { toPem } from "./pem.ts";
import { bundleHash, bundlePem, parseBundle } from "./trust-bundle.ts";
import type { TrustBundle } from "./trust-bundle.ts";
import { verifySvid } from "./verify-svid.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const point = "/point/ep_0000000000000000000001";
const authority = (trustDomain = "example.org", now = NOW): CertificateAuthority =>
  certificateAuthority(generateSigningKey("P-256"), { trustDomain, now, random });
const bundleOf = (...some: readonly CertificateAuthority[]): TrustBundle => {
  const read = parseBundle(bundlePem({ authorities: some.map(({ certificate }) => certificate) }));
  if (!read.ok) throw new Error(read.code);
  return read.bundle;
};
const svid = (ca: CertificateAuthority, path = point, key = generateSigningKey()): Buffer =>
  issueSvid({
    ca,
    publicKey: key.jwk,
    spiffeId: `spiffe://${ca.trustDomain}${path}`,
    notBefore: NOW - 60_000,
    notAfter: NOW + DAY,
    serial: serialNumber(random),
  });

describe("an X.509-SVID", () => {
  const ca = authority();
  const trust = { bundle: bundleOf(ca), now: NOW };

  it.each(["P-256", "Ed25519"] as const)("is issued for a key on %s and verified, as DER and as PEM", (curve) => {
    const key = generateSigningKey(curve);
    const der = svid(ca, point, key);
    const expected = {
      ok: true,
      spiffeId: `spiffe://example.org${point}`,
      trustDomain: "example.org",
      path: point,
      jkt: key.jkt,
      notBefore: NOW - 60_000,
      notAfter: NOW + DAY,
    };
    expect(verifySvid(der, trust)).toEqual(expected);
    expect(verifySvid(toPem(der), trust)).toEqual(expected);
  });

  it("ends, and does not begin early, to the second", () => {
    const der = svid(ca);
    const at = (now: number): unknown => verifySvid(der, { ...trust, now });
    expect(at(NOW + DAY)).toMatchObject({ ok: true });
    expect(at(NOW + DAY + 1)).toEqual({ ok: false, code: "svid.expired" });
    expect(at(NOW - 60_000)).toMatchObject({ ok: true });
    expect(at(NOW - 60_001)).toEqual({ ok: false, code: "svid.expired" });
  });

  it("ends with its authority", () => {
    const old = authority("example.org", NOW - 4000 * DAY);
    const notAfter = NOW - 400 * DAY;
    const der = issueSvid({
      ca: old,
      publicKey: generateSigningKey().jwk,
      spiffeId: `spiffe://example.org${point}`,
      notBefore: notAfter - DAY,
      notAfter,
      serial: serialNumber(random),
    });
    expect(verifySvid(der, { bundle: bundleOf(old), now: notAfter })).toMatchObject({ ok: true });
    expect(verifySvid(der, { bundle: bundleOf(old), now: NOW })).toEqual({ ok: false, code: "svid.expired" });
    const unbounded = { ...old, certificate: { ...old.certificate, notAfter: Infinity } };
    expect(verifySvid(svid(unbounded), { bundle: bundleOf(old), now: NOW })).toEqual({
      ok: false,
      code: "svid.expired",
    });
  });

  it("is of the bundle's trust domain and signed by one of its authorities", () => {
    const next = authority();
    const both = bundleOf(ca, next);
    for (const one of [ca, next]) expect(verifySvid(svid(one), { bundle: both, now: NOW })).toMatchObject({ ok: true });
    expect(verifySvid(svid(next), trust)).toEqual({ ok: false, code: "svid.untrusted" });
    const other = authority("example.com");
    expect(verifySvid(svid(other), trust)).toEqual({ ok: false, code: "svid.other_domain" });
  });

  it("is no authority: neither the authority's own certificate nor a leaf's signature passes for one", () => {
    expect(verifySvid(ca.certificate.der, trust)).toEqual({ ok: false, code: "svid.malformed" });
    expect(parseBundle(toPem(svid(ca)))).toEqual({ ok: false, code: "svid.malformed" });
    const leafKey = generateSigningKey("P-256");
    const leaf = svid(ca, point, leafKey);
    const forged = svid({ ...ca, key: leafKey }, "/server");
    expect(verifySvid(leaf, trust)).toMatchObject({ ok: true });
    expect(verifySvid(forged, trust)).toEqual({ ok: false, code: "svid.untrusted" });
  });

  it.each(["", "/", "/a/", "/a//b", "/.", "/a/../b", "/a b", "/ä", `/${"a".repeat(2048)}`])(
    "is not issued for the path `%s`",
    (path) => {
      expect(() => svid(ca, path)).toThrow("cannot be issued");
    },
  );

  it("is not issued beyond its authority, for another trust domain, or for a key that is none", () => {
    const ask = { ca, publicKey: generateSigningKey().jwk, spiffeId: `spiffe://example.org${point}` };
    const times = { notBefore: NOW, notAfter: NOW + DAY, serial: serialNumber(random) };
    expect(() => issueSvid({ ...ask, ...times, notAfter: NOW + 4000 * DAY })).toThrow("cannot be issued");
    expect(() => issueSvid({ ...ask, ...times, notBefore: NOW - 2 * DAY })).toThrow("cannot be issued");
    expect(() => issueSvid({ ...ask, ...times, spiffeId: `spiffe://example.com${point}` })).toThrow("cannot be issued");
    const publicKey = { kty: "OKP", crv: "Ed25519", x: "AA" } as const;
    expect(() => issueSvid({ ...ask, ...times, publicKey })).toThrow("cannot be issued");
  });

  it("is refused with any byte changed, cut or added, and nothing throws", () => {
    const der = svid(ca);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(der);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        expect(verifySvid(bytes, trust)).toMatchObject({ ok: false });
      }),
      { numRuns: 2000 },
    );
    for (let size = 0; size < der.length; size += 1)
      expect(verifySvid(der.subarray(0, size), trust)).toEqual({ ok: false, code: "svid.malformed" });
    expect(verifySvid(Buffer.concat([der, Buffer.from([0])]), trust)).toEqual({ ok: false, code: "svid.malformed" });
  });

  it("is refused in any other text than its own, and nothing throws", () => {
    const pem = toPem(svid(ca));
    fc.assert(
      fc.property(fc.nat(pem.length - 1), fc.integer({ min: 1, max: 127 }), (at, change) => {
        const text = pem.slice(0, at) + String.fromCharCode(pem.charCodeAt(at) ^ change) + pem.slice(at + 1);
        expect(verifySvid(text, trust)).toMatchObject({ ok: false });
      }),
      { numRuns: 2000 },
    );
    for (const text of [`${pem}\n`, ` ${pem}`, pem + pem, pem.replaceAll("\n", "\r\n"), pem.trimEnd()])
      expect(verifySvid(text, trust)).toEqual({ ok: false, code: "svid.malformed" });
  });

  it("is not read from noise", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => !verifySvid(bytes, trust).ok));
    fc.assert(fc.property(fc.string(), (text) => !verifySvid(text, trust).ok && !parseBundle(text).ok));
    expect(verifySvid(Buffer.alloc(5000, 0x30), trust)).toEqual({ ok: false, code: "svid.malformed" });
  });
});

describe("a trust bundle", () => {
  it("has the hash of its authorities' DER forms, in their order", () => {
    const [a, b] = [authority(), authority()];
    expect(bundleHash(bundleOf(a, b))).toBe(bundleHash({ authorities: [a.certificate, b.certificate] }));
    expect(bundleHash(bundleOf(a, b))).not.toBe(bundleHash(bundleOf(b, a)));
    expect(bundleHash(bundleOf(a))).not.toBe(bundleHash(bundleOf(b)));
  });

  it("holds one to eight different authorities of one trust domain and nothing else", () => {
    const [a, b] = [authority(), authority("example.com")];
    const pem = (one: CertificateAuthority): string => toPem(one.certificate.der);
    const malformed = { ok: false, code: "svid.malformed" };
    expect(parseBundle(pem(a))).toMatchObject({ ok: true });
    const eight = Array.from({ length: 8 }, () => pem(authority())).join("");
    expect(parseBundle(eight)).toMatchObject({ ok: true });
    for (const text of ["", pem(a) + pem(a), pem(a) + pem(b), `# ours\n${pem(a)}`, eight + pem(a)])
      expect(parseBundle(text)).toEqual(malformed);
  });

  it("is refused with any byte of an authority changed", () => {
    const { der } = authority().certificate;
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(der);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        expect(parseBundle(toPem(bytes))).toEqual({ ok: false, code: "svid.malformed" });
      }),
      { numRuns: 500 },
    );
  });

  it("is made for a P-256 key and the name of a trust domain alone", () => {
    const make = (trustDomain: string, curve: "P-256" | "Ed25519" = "P-256"): unknown =>
      certificateAuthority(generateSigningKey(curve), { trustDomain, now: NOW, random });
    for (const name of ["", "a/b", "A", "a b", "x".repeat(256)]) expect(() => make(name)).toThrow("trust domain");
    expect(() => make("example.org", "Ed25519")).toThrow("P-256");
    expect(make("localhost")).toMatchObject({ trustDomain: "localhost" });
  });
});

describe("openssl", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-x509-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const openssl = (...args: readonly string[]): string =>
    execFileSync("openssl", args, { encoding: "utf8", cwd: folder, timeout: 20_000, stdio: "pipe" });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };

  it.each(["sslclient", "sslserver"])("accepts authority and leaf for the purpose %s, strictly", (purpose) => {
    // Valid now: OpenSSL asks the machine's clock.
    const now = Date.now();
    const ca = authority("example.org", now);
    const leaf = issueSvid({
      ca,
      publicKey: generateSigningKey("P-256").jwk,
      spiffeId: `spiffe://example.org${point}`,
      notBefore: now - 60_000,
      notAfter: now + DAY,
      serial: serialNumber(random),
    });
    const files = ["-CAfile", file("ca.pem", toPem(ca.certificate.der)), file("leaf.pem", toPem(leaf))];
    expect(openssl("verify", "-x509_strict", "-purpose", purpose, ...files)).toBe("leaf.pem: OK\n");
    const shown = openssl("x509", "-in", "leaf.pem", "-noout", "-text");
    expect(shown).toContain(`URI:spiffe://example.org${point}`);
    expect(shown).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(shown).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    const other = file("other.pem", toPem(authority("example.org", now).certificate.der));
    expect(() => openssl("verify", "-x509_strict", "-CAfile", other, "leaf.pem")).toThrow("Command failed");
  });

  it("writes times beyond 2049 as GeneralizedTime", () => {
    const late = authority("example.org", Date.UTC(2045, 0, 1));
    expect(late.certificate.notAfter).toBeGreaterThan(Date.UTC(2054, 0, 1));
    expect(openssl("x509", "-in", file("late.pem", toPem(late.certificate.der)), "-noout", "-enddate")).toMatch(
      /20(54|55) GMT/,
    );
  });
});
