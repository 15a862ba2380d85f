import { BAD_ARITY, NOT_EXTENSION, NOT_STRING } from "../evaluation-error.ts";
import { type Long, add, divide, subtract } from "../long.ts";
import type { Value } from "../value.ts";
import { Datetime, parseDatetime } from "./datetime.ts";
import { Decimal, parseDecimal } from "./decimal.ts";
import { Duration, parseDuration } from "./duration.ts";
import { IpRange, isLoopback, isMulticast, parseIp } from "./ip.ts";

/** A function of an extension: its arguments, the receiver first. @throws EvaluationError */
export type ExtensionFunction = (args: readonly Value[]) => Value;

/** Every function of Cedar 4.5 by name: `ip`, `decimal`, `datetime`, `duration` and what is asked of them. */
export const FUNCTIONS: ReadonlyMap<string, ExtensionFunction> = new Map<string, ExtensionFunction>([
  ["decimal", ofText(parseDecimal)],
  ["lessThan", ofDecimals((a, b) => a < b)],
  ["lessThanOrEqual", ofDecimals((a, b) => a <= b)],
  ["greaterThan", ofDecimals((a, b) => a > b)],
  ["greaterThanOrEqual", ofDecimals((a, b) => a >= b)],
  ["ip", ofText(parseIp)],
  ["isIpv4", of(IpRange, (range) => !range.isV6)],
  ["isIpv6", of(IpRange, (range) => range.isV6)],
  ["isLoopback", of(IpRange, isLoopback)],
  ["isMulticast", of(IpRange, isMulticast)],
  ["isInRange", ofTwo([IpRange, IpRange], (range, other) => range.isInRange(other))],
  ["datetime", ofText(parseDatetime)],
  ["offset", ofTwo([Datetime, Duration], (time, duration) => new Datetime(add(time.ms, duration.ms)))],
  ["durationSince", ofTwo([Datetime, Datetime], (time, since) => new Duration(subtract(time.ms, since.ms)))],
  ["toDate", of(Datetime, (time) => time.date())],
  ["toTime", of(Datetime, (time) => time.time())],
  ["duration", ofText(parseDuration)],
  ["toMilliseconds", of(Duration, ({ ms }) => ms)],
  ["toSeconds", of(Duration, ({ ms }) => divide(ms, 1000))],
  ["toMinutes", of(Duration, ({ ms }) => divide(ms, 60_000))],
  ["toHours", of(Duration, ({ ms }) => divide(ms, 3_600_000))],
  ["toDays", of(Duration, ({ ms }) => divide(ms, 86_400_000))],
]);

type Class<T> = new (...args: never[]) => T;

function ofText(parse: (text: string) => Value): ExtensionFunction {
  return (args) => {
    const [text] = args;
    if (args.length !== 1) throw BAD_ARITY;
    if (typeof text !== "string") throw NOT_STRING;
    return parse(text);
  };
}

function of<T>(kind: Class<T>, compute: (receiver: T) => Value): ExtensionFunction {
  return (args) => {
    const [receiver] = args;
    if (args.length !== 1) throw BAD_ARITY;
    if (!(receiver instanceof kind)) throw NOT_EXTENSION;
    return compute(receiver);
  };
}

function ofTwo<T, U>(
  kinds: readonly [Class<T>, Class<U>],
  compute: (receiver: T, argument: U) => Value,
): ExtensionFunction {
  const [first, second] = kinds;
  return (args) => {
    const [receiver, argument] = args;
    if (args.length !== 2) throw BAD_ARITY;
    if (!(receiver instanceof first) || !(argument instanceof second)) throw NOT_EXTENSION;
    return compute(receiver, argument);
  };
}

function ofDecimals(compare: (a: Long, b: Long) => boolean): ExtensionFunction {
  return ofTwo([Decimal, Decimal], (a, b) => compare(a.scaled, b.scaled));
}
