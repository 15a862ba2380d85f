import { BAD_LITERAL } from "../evaluation-error.ts";
import { type Long, modulo, subtract } from "../long.ts";
import { Duration } from "./duration.ts";

/** `datetime`: milliseconds since 1970 (UTC), an i64. */
export class Datetime {
  readonly ms: Long;

  constructor(ms: Long) {
    this.ms = ms;
  }

  get key(): string {
    return `datetime ${String(this.ms)}`;
  }

  /** Midnight of its day. @throws EvaluationError beyond 64 bits */
  date(): Datetime {
    return new Datetime(subtract(this.ms, modulo(this.ms, DAY)));
  }

  /** What has passed of its day. */
  time(): Duration {
    return new Duration(modulo(this.ms, DAY));
  }
}

const DAY = 86_400_000;
const FORM =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2})))?$/;

/** @throws EvaluationError when the text is no date, or no time of a day */
export function parseDatetime(text: string): Datetime {
  const parts = FORM.exec(text);
  if (parts === null) throw BAD_LITERAL;
  const part = (i: number): number => Number(parts[i] ?? 0);
  const offset = minutesOf(part(9), part(10)) * 60_000;
  const local = midnightOf(part(1), part(2), part(3)) + (minutesOf(part(4), part(5)) * 60 + secondsOf(part(6))) * 1000;
  return new Datetime(local + part(7) - (parts[8] === "-" ? -offset : offset));
}

function midnightOf(year: number, month: number, day: number): number {
  const date = new Date(0);
  // Not `Date.UTC`: it takes the years 0 to 99 for those after 1900.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw BAD_LITERAL;
  return date.getTime();
}

function minutesOf(hours: number, minutes: number): number {
  if (hours > 23 || minutes > 59) throw BAD_LITERAL;
  return hours * 60 + minutes;
}

function secondsOf(seconds: number): number {
  if (seconds > 59) throw BAD_LITERAL;
  return seconds;
}
