import { OVERFLOW } from "./evaluation-error.ts";

/** An i64: a number where a double carries it exactly, a bigint beyond. Each integer has one form, so `===` compares. */
export type Long = number | bigint;

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

export function isLong(value: unknown): value is Long {
  return typeof value === "number" || typeof value === "bigint";
}

/** @throws EvaluationError beyond 64 bits */
export function longOf(value: bigint): Long {
  if (value < LEAST || value > MOST) throw OVERFLOW;
  return value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n ? Number(value) : value;
}

/** @throws EvaluationError beyond 64 bits */
export function add(a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return longOf(BigInt(a) + BigInt(b));
}

/** @throws EvaluationError beyond 64 bits */
export function subtract(a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return longOf(BigInt(a) - BigInt(b));
}

/** @throws EvaluationError beyond 64 bits */
export function multiply(a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    // A zero with a sign would be another number to nobody but `Object.is`.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return longOf(BigInt(a) * BigInt(b));
}

/** @throws EvaluationError beyond 64 bits */
export function negate(a: Long): Long {
  return typeof a === "number" ? 0 - a : longOf(-a);
}

/** Rounded toward zero. */
export function divide(a: Long, by: number): Long {
  return typeof a === "number" ? Math.trunc(a / by) + 0 : longOf(a / BigInt(by));
}

/** The rest of a division by a positive number that rounds down: never negative. */
export function modulo(a: Long, by: number): number {
  if (typeof a === "number") return ((a % by) + by) % by;
  const divisor = BigInt(by);
  return Number(((a % divisor) + divisor) % divisor);
}
