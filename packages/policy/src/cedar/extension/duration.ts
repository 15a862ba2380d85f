import { BAD_LITERAL } from "../evaluation-error.ts";
import { type Long, longOf } from "../long.ts";

/** `duration`: milliseconds, an i64. */
export class Duration {
  readonly ms: Long;

  constructor(ms: Long) {
    this.ms = ms;
  }

  get key(): string {
    return `duration ${String(this.ms)}`;
  }
}

const FORM = /^(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m(?!s))?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;
/** Milliseconds of the units in their order. */
const UNITS = [86_400_000n, 3_600_000n, 60_000n, 1000n, 1n] as const;
const MOST_CHARS = 200;

/** @throws EvaluationError when the text is none, or beyond 64 bits */
export function parseDuration(text: string): Duration {
  const parts = text.length > MOST_CHARS ? null : FORM.exec(text);
  if (parts === null) throw BAD_LITERAL;
  const [, sign, ...numbers] = parts;
  if (numbers.every((digits) => digits === undefined)) throw BAD_LITERAL;
  let ms = 0n;
  for (const [i, unit] of UNITS.entries()) ms += BigInt(numbers[i] ?? 0) * unit;
  return new Duration(longOf(sign === "-" ? -ms : ms));
}
