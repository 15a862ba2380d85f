import { AppError } from "@countersign/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logSigner, nodeVerify, ORIGIN, seededSigner, witnessSigner } from "./testing/sample-log.ts";
import { openCheckpoint, parseCheckpoint, printCheckpoint, signCheckpoint, type Trust } from "./checkpoint.ts";
import { cosign } from "./cosignature.ts";
import { signNote } from "./note.ts";

const root = new Uint8Array(32).fill(7);
const ROOT = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const trust: Trust = { logKey: logSigner.key, cosigners: [witnessSigner.key], verify: nodeVerify };
const checkpoint = { origin: ORIGIN, size: 70_000, root };
const text = `${ORIGIN}\n70000\n${ROOT}\n`;

describe("printCheckpoint and parseCheckpoint", () => {
  it("write origin, size and root, a line each", () => {
    expect(printCheckpoint(checkpoint)).toBe(text);
    expect(
      parseCheckpoint("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"),
    ).toMatchObject({
      ok: true,
      checkpoint: { origin: "example.com/behind-the-sofa", size: 20_852_163 },
    });
  });

  it("are each other's inverse, up to 2^53 - 1 entries", () => {
    const any = fc.record({
      origin: fc.string({ unit: fc.constantFrom("a", "/", " ", "é"), minLength: 1, maxLength: 20 }),
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(any, (value) => {
        expect(parseCheckpoint(printCheckpoint(value))).toEqual({ ok: true, checkpoint: value });
      }),
    );
    expect(parseCheckpoint(`o\n9007199254740991\n${ROOT}\n`)).toMatchObject({
      ok: true,
      checkpoint: { size: 2 ** 53 - 1 },
    });
  });

  it.each([
    "",
    `o\n1\n${ROOT}`,
    `\n1\n${ROOT}\n`,
    `o\n\n${ROOT}\n`,
    `o\n01\n${ROOT}\n`,
    `o\n-1\n${ROOT}\n`,
    `o\n1.0\n${ROOT}\n`,
    `o\n1e3\n${ROOT}\n`,
    `o\n9007199254740992\n${ROOT}\n`,
    `o\n99999999999999999999\n${ROOT}\n`,
    `o\n1\n${ROOT.slice(4)}\n`,
    `o\n1\n${ROOT.replace("Bwc=", "BwcH")}\n`,
    `o\n1\n${ROOT.replace("wc=", "wd=")}\n`,
    `o\n1\n${ROOT}\nextension\n`,
    `o\n1\n${ROOT}\n\n`,
  ])("refuse %j", (bad) => {
    expect(parseCheckpoint(bad)).toEqual({ ok: false, code: "checkpoint.malformed" });
  });

  it.each([
    { ...checkpoint, origin: "" },
    { ...checkpoint, origin: "a\nb" },
    { ...checkpoint, size: -1 },
    { ...checkpoint, size: 0.5 },
    { ...checkpoint, size: 2 ** 53 },
    { ...checkpoint, root: new Uint8Array(31) },
  ])("refuse to print %j", (bad) => {
    expect(() => printCheckpoint(bad)).toThrow(AppError);
  });
});

describe("openCheckpoint", () => {
  it("gives the checkpoint, the text to cosign, and who cosigned when", async () => {
    const note = signCheckpoint(checkpoint, logSigner);
    expect(await openCheckpoint(note, trust)).toEqual({ ok: true, checkpoint, text, cosignatures: [] });
    const cosigned = note + cosign(text, witnessSigner, 1_767_225_600);
    expect(await openCheckpoint(cosigned, trust)).toMatchObject({
      ok: true,
      cosignatures: [{ key: { name: "witness.example/w1" }, timeSeconds: 1_767_225_600 }],
    });
    expect(await openCheckpoint(cosigned, { logKey: logSigner.key, verify: nodeVerify })).toMatchObject({
      ok: true,
      cosignatures: [],
    });
  });

  it("refuses one that only a witness signed", async () => {
    const note = `${text}\n${cosign(text, witnessSigner, 1)}`;
    expect(await openCheckpoint(note, trust)).toEqual({ ok: false, code: "checkpoint.not_by_log" });
  });

  it("takes no cosignature for the signature of a log", async () => {
    const own = printCheckpoint({ ...checkpoint, origin: witnessSigner.key.name });
    const note = `${own}\n${cosign(own, witnessSigner, 1)}`;
    const answer = await openCheckpoint(note, { logKey: witnessSigner.key, verify: nodeVerify });
    expect(answer).toEqual({ ok: false, code: "checkpoint.not_by_log" });
  });

  it("refuses one whose signature is another's, or none of this log", async () => {
    const stranger = seededSigner(ORIGIN, "ed25519", "a forger");
    expect(await openCheckpoint(signCheckpoint(checkpoint, stranger), trust)).toEqual({
      ok: false,
      code: "note.unsigned",
    });
    expect(await openCheckpoint("garbage", trust)).toEqual({ ok: false, code: "note.malformed" });
  });

  it("refuses a signed text that is no checkpoint, or one of another origin", async () => {
    expect(await openCheckpoint(signNote("hello\n", logSigner), trust)).toEqual({
      ok: false,
      code: "checkpoint.malformed",
    });
    const other = signNote(printCheckpoint({ ...checkpoint, origin: "other.example" }), logSigner);
    expect(await openCheckpoint(other, trust)).toEqual({ ok: false, code: "checkpoint.wrong_origin" });
  });

  it("takes a log key among the cosigners for no cosignature", async () => {
    const note = signCheckpoint(checkpoint, logSigner);
    const doubled: Trust = { ...trust, cosigners: [{ ...logSigner.key }] };
    expect(await openCheckpoint(note, doubled)).toMatchObject({ ok: true, cosignatures: [] });
  });
});

it("signs only for the origin that the key names", () => {
  expect(() => signCheckpoint({ ...checkpoint, origin: "other.example" }, logSigner)).toThrow(AppError);
});
