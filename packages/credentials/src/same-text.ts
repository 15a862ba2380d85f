import { hash, timingSafeEqual } from "node:crypto";

/** Compares a secret with what a caller sent, in a time that depends on neither their content nor where they differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}
