// RFC 6962 section 2.1 word for word, over lists of leaf hashes: slow, and shares nothing with the code under test.
import { createHash } from "node:crypto";

const H = (...parts: readonly Uint8Array[]): Buffer => {
  const state = createHash("sha256");
  for (const part of parts) state.update(part);
  return state.digest();
};

export const leafOf = (entry: Uint8Array): Buffer => H(Uint8Array.of(0), entry);

function k(n: number): number {
  for (let exponent = 0; ; exponent += 1) if (2 ** (exponent + 1) >= n) return 2 ** exponent;
}

export function mth(d: readonly Uint8Array[]): Uint8Array {
  if (d.length === 0) return H();
  if (d.length === 1) return d[0] as Uint8Array;
  const middle = k(d.length);
  return H(Uint8Array.of(1), mth(d.slice(0, middle)), mth(d.slice(middle)));
}

export function path(m: number, d: readonly Uint8Array[]): Uint8Array[] {
  if (d.length === 1) return [];
  const middle = k(d.length);
  if (m < middle) return [...path(m, d.slice(0, middle)), mth(d.slice(middle))];
  return [...path(m - middle, d.slice(middle)), mth(d.slice(0, middle))];
}

export function consistency(m: number, d: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (m === d.length) return whole ? [] : [mth(d)];
  const middle = k(d.length);
  if (m <= middle) return [...consistency(m, d.slice(0, middle), whole), mth(d.slice(middle))];
  return [...consistency(m - middle, d.slice(middle), false), mth(d.slice(0, middle))];
}

/** A tree whose leaves are all `leaf`, of any size: `rootOfRepeated` and the proofs of it need only one hash a level. */
export function repeated(leaf: Uint8Array): {
  root: (n: number) => Uint8Array;
  path: (m: number, n: number) => Uint8Array[];
  consistency: (m: number, n: number) => Uint8Array[];
} {
  const known = new Map<number, Uint8Array>([
    [0, H()],
    [1, leaf],
  ]);
  const root = (n: number): Uint8Array => {
    const hit = known.get(n);
    if (hit !== undefined) return hit;
    const out = H(Uint8Array.of(1), root(k(n)), root(n - k(n)));
    known.set(n, out);
    return out;
  };
  const walk = (m: number, n: number): Uint8Array[] => {
    if (n === 1) return [];
    return m < k(n) ? [...walk(m, k(n)), root(n - k(n))] : [...walk(m - k(n), n - k(n)), root(k(n))];
  };
  const sub = (m: number, n: number, whole: boolean): Uint8Array[] => {
    if (m === n) return whole ? [] : [root(n)];
    return m <= k(n) ? [...sub(m, k(n), whole), root(n - k(n))] : [...sub(m - k(n), n - k(n), false), root(k(n))];
  };
  return { root, path: walk, consistency: (m, n) => sub(m, n, true) };
}
