import { BAD_LITERAL } from "../evaluation-error.ts";

/** `ipaddr`: an address with a prefix; the range is what has the prefix. */
export class IpRange {
  readonly isV6: boolean;
  /** Of 32 bits, unsigned, for IPv4; of 128 bits for IPv6. */
  readonly address: number | bigint;
  readonly prefix: number;

  constructor(isV6: boolean, address: number | bigint, prefix: number) {
    this.isV6 = isV6;
    this.address = address;
    this.prefix = prefix;
  }

  get key(): string {
    return `ip ${this.isV6 ? "6" : "4"} ${String(this.address)}/${String(this.prefix)}`;
  }

  /** Every address of this one is in the other. */
  isInRange(other: IpRange): boolean {
    const { address, prefix, isV6 } = this;
    if (isV6 !== other.isV6 || prefix < other.prefix) return false;
    if (typeof address === "number" && typeof other.address === "number")
      return other.prefix === 0 || (address ^ other.address) >>> (32 - other.prefix) === 0;
    const shift = BigInt(128 - other.prefix);
    return BigInt(address) >> shift === BigInt(other.address) >> shift;
  }
}

/** Longest text of an address with its prefix. */
const MOST_CHARS = 43;
const PREFIX = /^(?:0|[1-9][0-9]{0,2})$/;
const DOT = 46;
const ZERO = 48;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const LOOPBACK = [parseIp("127.0.0.0/8"), parseIp("::1")] as const;
const MULTICAST = [parseIp("224.0.0.0/4"), parseIp("ff00::/8")] as const;

export function isLoopback(range: IpRange): boolean {
  return range.isInRange(LOOPBACK[range.isV6 ? 1 : 0]);
}

export function isMulticast(range: IpRange): boolean {
  return range.isInRange(MULTICAST[range.isV6 ? 1 : 0]);
}

/** @throws EvaluationError when the text is no address */
export function parseIp(text: string): IpRange {
  if (text.length > MOST_CHARS) throw BAD_LITERAL;
  const slash = text.indexOf("/");
  const name = slash < 0 ? text : text.slice(0, slash);
  const isV6 = name.includes(":");
  const address = isV6 ? v6(name) : v4(name);
  const widest = isV6 ? 128 : 32;
  const written = slash < 0 ? String(widest) : text.slice(slash + 1);
  if (address === null || !PREFIX.test(written) || Number(written) > widest) throw BAD_LITERAL;
  return new IpRange(isV6, address, Number(written));
}

/** Four numbers, read digit by digit: addresses are read at every decision. */
function v4(text: string): number | null {
  let [address, byte, digits, dots] = [0, 0, 0, 0];
  for (let i = 0; i <= text.length; i += 1) {
    const char = i === text.length ? DOT : text.charCodeAt(i);
    if (char === DOT) {
      if (digits === 0 || byte > 255) return null;
      address = address * 256 + byte;
      dots += 1;
      [byte, digits] = [0, 0];
    } else {
      const digit = char - ZERO;
      // No digit, a fourth one, or one behind a zero.
      if (digit < 0 || digit > 9 || digits === 3 || (digits > 0 && byte === 0)) return null;
      byte = byte * 10 + digit;
      digits += 1;
    }
  }
  return dots === 4 ? address : null;
}

function v6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => GROUP.test(group))) return null;
  return BigInt(`0x${groups.map((group) => group.padStart(4, "0")).join("")}`);
}
