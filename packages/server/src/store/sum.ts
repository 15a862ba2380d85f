import { hash } from "node:crypto";

const SUM_BYTES = 8;

/** A short checksum over the members of a row, so that decay on the disk is noticed when the row is read. */
export function sumOf(...members: readonly (string | number)[]): Uint8Array {
  return hash("sha256", members.join("\n"), "buffer").subarray(0, SUM_BYTES);
}

/** The same for a row that ends in bytes. */
export function sumOfBytes(name: string, bytes: Uint8Array): Uint8Array {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), bytes]), "buffer").subarray(0, SUM_BYTES);
}

export function sameSum(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
