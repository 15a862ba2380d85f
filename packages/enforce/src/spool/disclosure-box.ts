import { type Json, type Random, canonicalJson, isJsonObject, parseJson } from "@countersign/core";
import { keptKey, open, seal } from "@countersign/credentials";
import type { Disclosure } from "../control-plane.ts";
import { MOST_BODY_BYTES } from "./block.ts";
import { FRAME_DEPTH, isDisclosureForm } from "./draft-form.ts";

const CONTEXT = "countersign-spool-disclosure-v1\n";

/** Seals salts and arguments while they wait on the disk of the point: AES-256-GCM, bound to point, spool and frame. */
export class DisclosureBox {
  private readonly key: ReturnType<typeof keptKey>;
  private readonly context: string;
  private readonly random: Random;

  constructor(key: Buffer, names: { readonly point: string; readonly spool: string }, random: Random) {
    this.key = keptKey(key);
    this.context = `${CONTEXT}${names.point}\n${names.spool}\n`;
    this.random = random;
  }

  seal(seq: number, disclosure: Disclosure): string {
    return seal(this.key, canonicalJson(disclosure), { aad: `${this.context}${String(seq)}`, random: this.random });
  }

  /** Null for a box of another key or place. Never throws. */
  open(seq: number, box: string): Disclosure | null {
    const opened = open(this.key, box, `${this.context}${String(seq)}`);
    if (!opened.ok) return null;
    const parsed = parseJson(opened.plaintext, { sizeBytes: MOST_BODY_BYTES, depth: FRAME_DEPTH });
    return parsed.ok ? disclosureOf(parsed.value) : null;
  }
}

/** Salt and arguments of an entry, read from outside; null when they are anything else. */
export function disclosureOf(value: Json): Disclosure | null {
  return isJsonObject(value) && isDisclosureForm(value) ? (value as unknown as Disclosure) : null;
}
