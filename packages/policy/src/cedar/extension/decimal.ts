import { BAD_LITERAL } from "../evaluation-error.ts";
import { type Long, longOf } from "../long.ts";

/** `decimal`: an i64 in units of 10⁻⁴. */
export class Decimal {
  readonly scaled: Long;

  constructor(scaled: Long) {
    this.scaled = scaled;
  }

  get key(): string {
    return `decimal ${String(this.scaled)}`;
  }
}

const FORM = /^(-?)([0-9]+)\.([0-9]{1,4})$/;

/** @throws EvaluationError when the text is none, or beyond 64 bits */
export function parseDecimal(text: string): Decimal {
  const parts = FORM.exec(text);
  if (parts === null) throw BAD_LITERAL;
  const [, sign = "", whole = "", fraction = ""] = parts;
  if (whole.length > MOST_DIGITS && !/^0*.{0,20}$/.test(whole)) throw BAD_LITERAL;
  return new Decimal(longOf(BigInt(`${sign}${whole}${fraction.padEnd(4, "0")}`)));
}
const MOST_DIGITS = 1000;
