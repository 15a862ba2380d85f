import { AppError } from "@countersign/core";
import { boundedText, utf8 } from "./bytes.ts";
import { cosignedBytes, splitTimestamp } from "./cosignature.ts";
import { LIMITS } from "./limits.ts";
import { type NoteSignature, parseSignatureLine, printSignatureLine } from "./signature-line.ts";
import type { NoteSigner, Verify } from "./signer.ts";
import type { VerifierKey } from "./vkey.ts";

export interface Note {
  /** The signed text, with its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}
/** A signature that was verified. `timeSeconds` is the Unix time of a cosignature, null for others. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  readonly timeSeconds: number | null;
}

export type NoteFault =
  | "note.too_large"
  | "note.malformed"
  | "note.too_many_signatures"
  | "note.bad_signature"
  | "note.unsigned";
export type ParsedNote = { readonly ok: true; readonly note: Note } | { readonly ok: false; readonly code: NoteFault };
export type OpenedNote =
  | { readonly ok: true; readonly text: string; readonly verified: readonly VerifiedSignature[] }
  | { readonly ok: false; readonly code: NoteFault };

const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const SIGNATURE_BYTES = 64;

/** Splits a signed note into text and signatures, none of them verified. c2sp.org/signed-note. Never throws. */
export function parseNote(input: string | Uint8Array): ParsedNote {
  if (input.length > LIMITS.noteBytes) return { ok: false, code: "note.too_large" };
  const malformed = { ok: false, code: "note.malformed" } as const;
  const whole = boundedText(input, LIMITS.noteBytes);
  if (whole === null || CONTROL.test(whole)) return malformed;
  const cut = whole.lastIndexOf("\n\n");
  const block = whole.slice(cut + 2);
  if (cut < 0 || !block.endsWith("\n")) return malformed;
  const lines = block.slice(0, -1).split("\n");
  if (lines.length > LIMITS.signatures) return { ok: false, code: "note.too_many_signatures" };
  const signatures = lines.map(parseSignatureLine);
  if (!signatures.every((signature) => signature !== null)) return malformed;
  return { ok: true, note: { text: whole.slice(0, cut + 1), signatures } };
}

export function printNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(printSignatureLine).join("")}`;
}

/**
 * Signs a text that ends in a newline with Ed25519 keys of notes (type 1). Throws `internal.error` on a text that no note can
 * carry and on a key of another type.
 */
export function signNote(text: string, ...signers: readonly NoteSigner[]): string {
  const note = signers.map(({ key, sign }): NoteSignature => {
    if (key.type !== "ed25519")
      throw new AppError("internal.error", { detail: "note signed with a key for cosignatures" });
    return { name: key.name, keyId: key.keyId, signature: sign(utf8(text)) };
  });
  const signed = printNote({ text, signatures: note });
  const parsed = parseNote(signed);
  if (!parsed.ok || parsed.note.text !== text)
    throw new AppError("internal.error", { detail: "text cannot be carried by a note" });
  return signed;
}

/**
 * Opens a note: every signature by one of `keys` must verify and there must be one. Lines of other keys are ignored.
 * A key that signed twice is listed once. Never throws.
 */
export async function openNote(
  input: string | Uint8Array,
  keys: readonly VerifierKey[],
  verify: Verify,
): Promise<OpenedNote> {
  const parsed = parseNote(input);
  if (!parsed.ok) return parsed;
  const { text, signatures } = parsed.note;
  const verified = new Map<string, VerifiedSignature>();
  for (const signature of signatures) {
    for (const key of keys.filter(({ name, keyId }) => name === signature.name && keyId === signature.keyId)) {
      const good = await verifySignature({ text, signature, key, verify });
      if (good === null) return { ok: false, code: "note.bad_signature" };
      verified.set(`${key.name} ${key.keyId}`, good);
    }
  }
  if (verified.size === 0) return { ok: false, code: "note.unsigned" };
  return { ok: true, text, verified: [...verified.values()] };
}

interface SignatureCheck {
  readonly text: string;
  readonly signature: NoteSignature;
  readonly key: VerifierKey;
  readonly verify: Verify;
}

async function verifySignature({ text, signature, key, verify }: SignatureCheck): Promise<VerifiedSignature | null> {
  const stamped = key.type === "cosignature" ? splitTimestamp(signature.signature) : null;
  if (key.type === "cosignature" && stamped === null) return null;
  const bytes = stamped === null ? signature.signature : stamped.signature;
  const message = stamped === null ? utf8(text) : cosignedBytes(text, stamped.timeSeconds);
  if (bytes.length !== SIGNATURE_BYTES) return null;
  try {
    // INV-2: whatever is not a plain true refuses.
    if ((await verify(key.publicKey, message, bytes)) !== true) return null;
  } catch {
    return null;
  }
  return { key, timeSeconds: stamped?.timeSeconds ?? null };
}
