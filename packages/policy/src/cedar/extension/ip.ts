import { BAD_LITERAL } from "../evaluation-error.ts";

/** `ipaddr`: an address with a prefix; the range is what has the prefix. */
export class IpRange {
  readonly isV6: boolean;
  readonly address: bigint;
  readonly prefix: number;

  constructor(isV6: boolean, address: bigint, prefix: number) {
    this.isV6 = isV6;
    this.address = address;
    this.prefix = prefix;
  }

  get key(): string {
    return `ip ${this.isV6 ? "6" : "4"} ${String(this.address)}/${String(this.prefix)}`;
  }

  /** Every address of this one is in the other. */
  isInRange(other: IpRange): boolean {
    if (this.isV6 !== other.isV6 || this.prefix < other.prefix) return false;
    const shift = BigInt((this.isV6 ? 128 : 32) - other.prefix);
    return this.address >> shift === other.address >> shift;
  }
}

/** Longest text of an address with its prefix. */
const MOST_CHARS = 43;
const PREFIX = /^(?:0|[1-9][0-9]{0,2})$/;
const BYTE = /^(?:0|[1-9][0-9]{0,2})$/;
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

function v4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => BYTE.test(part) && Number(part) < 256)) return null;
  return BigInt(parts.reduce((sum, part) => sum * 256 + Number(part), 0));
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
