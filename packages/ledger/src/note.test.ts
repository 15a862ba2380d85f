import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logSigner, nodeVerify, seededSigner, witnessSigner } from "./testing/sample-log.ts";
import { cosign } from "./cosignature.ts";
import { type NoteFault, openNote, parseNote, printNote, signNote } from "./note.ts";
import { sha256 } from "./sha256.ts";
import { printSignatureLine } from "./signature-line.ts";
import type { Verify } from "./signer.ts";
import { parseVkey, type VerifierKey } from "./vkey.ts";

const C2SP_KEY = parseVkey(sha256, "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
const C2SP_NOTE =
  "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const other = seededSigner("other.example", "ed25519", "another key");
const keys = [logSigner.key];
const opened = async (note: string | Uint8Array, known: readonly VerifierKey[] = keys): Promise<string> => {
  const result = await openNote(note, known, nodeVerify);
  return result.ok ? `ok ${result.verified.map(({ key }) => key.name).join(" ")}` : result.code;
};
const line = (name: string, bytes: number): string =>
  printSignatureLine({ name, keyId: "00000000", signature: new Uint8Array(bytes) });

describe("openNote", () => {
  it("opens the example of c2sp.org/signed-note, with node:crypto and with WebCrypto", async () => {
    const key = C2SP_KEY.ok ? C2SP_KEY.key : logSigner.key;
    const web: Verify = async (publicKey, bytes, signature) => {
      const imported = await crypto.subtle.importKey("raw", Uint8Array.from(publicKey), "Ed25519", false, ["verify"]);
      return crypto.subtle.verify("Ed25519", imported, Uint8Array.from(signature), Uint8Array.from(bytes));
    };
    for (const verify of [nodeVerify, web]) {
      expect(await openNote(C2SP_NOTE, [key], verify)).toEqual({
        ok: true,
        text: "This is an example message.\n",
        verified: [{ key, timeSeconds: null }],
      });
      expect(await openNote(C2SP_NOTE.replace("example m", "example M"), [key], verify)).toEqual({
        ok: false,
        code: "note.bad_signature",
      });
    }
  });

  it("refuses a note with any one bit changed", async () => {
    const bytes = Buffer.from(signNote("origin\n7\n", logSigner));
    expect(await opened(bytes)).toBe("ok ledger.example/countersign");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await opened(changed), `bit ${String(bit)}`).toMatch(/^note\.(malformed|bad_signature|unsigned)$/);
    }
  });

  it("ignores signatures of other keys, but needs one of a known key", async () => {
    const both = signNote("text\n", other, logSigner);
    expect(await opened(both)).toBe("ok ledger.example/countersign");
    expect(await opened(both, [other.key, logSigner.key])).toBe("ok other.example ledger.example/countersign");
    expect(await opened(signNote("text\n", other))).toBe("note.unsigned");
    expect(await opened(both, [])).toBe("note.unsigned");
  });

  it("ignores a line that shares only the name or only the id with a known key", async () => {
    const { name, keyId } = logSigner.key;
    const strange = [
      printSignatureLine({ name, keyId: "01020304", signature: new Uint8Array(64) }),
      printSignatureLine({ name: "someone.example", keyId, signature: new Uint8Array(64) }),
    ];
    expect(await opened(signNote("text\n", logSigner) + strange.join(""))).toBe("ok ledger.example/countersign");
  });

  it("refuses the whole note when a known key signed badly, though another signed well", async () => {
    const bad = signNote("other text\n", other).split("\n\n")[1] ?? "";
    expect(await opened(signNote("text\n", logSigner) + bad, [logSigner.key, other.key])).toBe("note.bad_signature");
    const again = signNote("other text\n", logSigner).split("\n\n")[1] ?? "";
    expect(await opened(signNote("text\n", logSigner) + again)).toBe("note.bad_signature");
  });

  it("refuses a known key's signature of a wrong length", async () => {
    const { name, keyId } = logSigner.key;
    for (const length of [1, 63, 65]) {
      expect(await opened(`text\n\n${printSignatureLine({ name, keyId, signature: new Uint8Array(length) })}`)).toBe(
        "note.bad_signature",
      );
    }
    const { key } = witnessSigner;
    for (const length of [8, 71, 73]) {
      const cosigned = printSignatureLine({ name: key.name, keyId: key.keyId, signature: new Uint8Array(length) });
      expect(await opened(signNote("text\n", logSigner) + cosigned, [logSigner.key, key])).toBe("note.bad_signature");
    }
  });

  it("asks nobody about a signature of a wrong length or a time beyond 2^53 - 1", async () => {
    const always: Verify = () => true;
    const open = async (key: VerifierKey, signature: Uint8Array): Promise<boolean> =>
      (await openNote(`t\n\n${printSignatureLine({ name: key.name, keyId: key.keyId, signature })}`, [key], always)).ok;
    expect(await open(logSigner.key, new Uint8Array(64))).toBe(true);
    for (const length of [1, 63, 65]) expect(await open(logSigner.key, new Uint8Array(length))).toBe(false);
    expect(await open(witnessSigner.key, new Uint8Array(72))).toBe(true);
    for (const length of [1, 8, 64, 73]) expect(await open(witnessSigner.key, new Uint8Array(length))).toBe(false);
    expect(await open(witnessSigner.key, new Uint8Array(72).with(1, 0x1f))).toBe(true);
    expect(await open(witnessSigner.key, new Uint8Array(72).with(1, 0x20))).toBe(false);
  });

  it("lists a key that signed twice once", async () => {
    const note = signNote("text\n", logSigner);
    expect(await opened(note + (note.split("\n\n")[1] ?? ""))).toBe("ok ledger.example/countersign");
    expect(await opened(note, [logSigner.key, { ...logSigner.key }])).toBe("ok ledger.example/countersign");
  });

  it("refuses when the verification throws or answers something other than true", async () => {
    const verifiers: Verify[] = [
      () => {
        throw new Error("no such curve");
      },
      async () => Promise.reject(new Error("no such curve")),
      () => "yes" as unknown as boolean,
    ];
    for (const verify of verifiers) {
      expect(await openNote(signNote("text\n", logSigner), keys, verify)).toEqual({
        ok: false,
        code: "note.bad_signature",
      });
    }
  });
});

describe("parseNote", () => {
  it("splits at the last empty line", () => {
    const text = "one\n\ntwo\n\n\nthree\n";
    const parsed = parseNote(signNote(text, logSigner));
    expect(parsed.ok && parsed.note.text).toBe(text);
  });

  it("is the inverse of printNote", () => {
    const signature = fc.record({
      name: fc.constantFrom("a", "ledger.example/x", "\u2014", "é"),
      keyId: fc.stringMatching(/^[0-9a-f]{8}$/),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    const note = fc.record({
      text: fc
        .string({ unit: fc.constantFrom("a", "\n", "\u2014", " ", "\u{1f512}"), maxLength: 30 })
        .map((text) => `${text}\n`),
      signatures: fc.array(signature, { minLength: 1, maxLength: 64 }),
    });
    fc.assert(
      fc.property(note, (any) => {
        const printed = printNote(any);
        expect(parseNote(printed)).toEqual({ ok: true, note: any });
        expect(parseNote(Buffer.from(printed))).toEqual({ ok: true, note: any });
      }),
    );
  });

  it("reads any bytes without throwing, and only what prints back the same", () => {
    const unit = fc.constantFrom("\n", "\n\n", "\u2014 ", "a", " ", "AAAAAAA=", "=", "\ud800", "\r", "\u0000");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (text) => {
        const parsed = parseNote(text);
        expect(parsed.ok ? printNote(parsed.note) : text).toBe(text);
      }),
      { numRuns: 3000 },
    );
  });

  const good = line("a", 64);
  const cases: readonly (readonly [string, string | Uint8Array, NoteFault])[] = [
    ["nothing", "", "note.malformed"],
    ["no empty line", `text\n${good}`, "note.malformed"],
    ["no signature", "text\n\n", "note.malformed"],
    ["no final newline", `text\n\n${good.trimEnd()}`, "note.malformed"],
    ["a hyphen for the dash", `text\n\n${good.replace("\u2014", "-")}`, "note.malformed"],
    ["no name", `text\n\n${good.replace(" a ", "  ")}`, "note.malformed"],
    ["a plus in the name", `text\n\n${good.replace(" a ", " a+b ")}`, "note.malformed"],
    ["a no-break space in the name", `text\n\n${good.replace(" a ", " a\u00a0b ")}`, "note.malformed"],
    ["more than three words", `text\n\n${good.trimEnd()} more\n`, "note.malformed"],
    ["no padding", `text\n\n\u2014 a AAAAAAA\n`, "note.malformed"],
    ["spare bits in the base64", `text\n\n\u2014 a AAAAAAB=\n`, "note.malformed"],
    ["only a key id", `text\n\n\u2014 a AAAAAA==\n`, "note.malformed"],
    ["a carriage return", `text\r\n\n${good}`, "note.malformed"],
    ["a tab", `te\txt\n\n${good}`, "note.malformed"],
    ["a lone surrogate", `\ud800\n\n${good}`, "note.malformed"],
    ["bytes that are not UTF-8", Buffer.concat([Uint8Array.of(0xff), Buffer.from(`\n\n${good}`)]), "note.malformed"],
    ["65 signatures", `text\n\n${good.repeat(65)}`, "note.too_many_signatures"],
    ["more than 1 MiB", `${"x".repeat(1_048_576)}\n\n${good}`, "note.too_large"],
    ["more than 1 MiB in UTF-8", `${"\u2014".repeat(400_000)}\n\n${good}`, "note.malformed"],
  ];
  it.each(cases)("refuses %s", (_, input, code) => {
    expect(parseNote(input)).toEqual({ ok: false, code });
  });

  it("reads 64 signatures and a text of nearly 1 MiB", () => {
    expect(parseNote(`${"x".repeat(1_000_000)}\n\n${good.repeat(64)}`).ok).toBe(true);
  });
});

describe("signNote", () => {
  it.each(["", "text", "te\u0007xt\n", "\ud800\n"])("refuses the text %j", (text) => {
    expect(() => signNote(text, logSigner)).toThrow(AppError);
  });

  it("refuses to sign with no key, with a cosignature key, and more than 64 times", () => {
    expect(() => signNote("text\n")).toThrow(AppError);
    expect(() => signNote("text\n", witnessSigner)).toThrow(AppError);
    expect(() => signNote("text\n", ...Array.from({ length: 65 }, () => logSigner))).toThrow(AppError);
  });
});

describe("cosign", () => {
  it("is opened with its time, and covers time and text", async () => {
    const note = signNote("origin\n7\nroot\n", logSigner);
    const known = [logSigner.key, witnessSigner.key];
    const cosigned = note + cosign("origin\n7\nroot\n", witnessSigner, 1_679_315_147);
    expect(await openNote(cosigned, known, nodeVerify)).toMatchObject({
      ok: true,
      verified: [{ timeSeconds: null }, { key: { name: "witness.example/w1" }, timeSeconds: 1_679_315_147 }],
    });
    expect(await opened(note + cosign("origin\n8\nroot\n", witnessSigner, 1_679_315_147), known)).toBe(
      "note.bad_signature",
    );
    const parsed = parseNote(cosigned);
    const [own, by] = parsed.ok ? parsed.note.signatures : [];
    if (own === undefined || by === undefined) throw new Error("two signatures expected");
    const later = { ...by, signature: by.signature.with(7, 0) };
    expect(await opened(printNote({ text: "origin\n7\nroot\n", signatures: [own, later] }), known)).toBe(
      "note.bad_signature",
    );
    const absurd = { ...by, signature: by.signature.with(0, 0xff) };
    expect(await opened(printNote({ text: "origin\n7\nroot\n", signatures: [own, absurd] }), known)).toBe(
      "note.bad_signature",
    );
  });

  it("refuses a key of another type and a time that is no whole second", () => {
    expect(() => cosign("text\n", logSigner, 1)).toThrow(AppError);
    for (const time of [-1, 0.5, 2 ** 53]) expect(() => cosign("text\n", witnessSigner, time)).toThrow(AppError);
  });
});
