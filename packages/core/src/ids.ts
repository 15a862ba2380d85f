/**
 * Branded, prefixed, time-ordered identifiers.
 *
 * An id is `<prefix>_` and 22 base62 characters of one 128-bit number: 48 bits of Unix milliseconds, then 80 random bits.
 * 22 base62 digits hold 131 bits, so the text sorts as the number does.
 */
export type Prefix =
  | "hum"
  | "svc"
  | "agt"
  | "dev"
  | "tsk"
  | "mdt"
  | "grt"
  | "int"
  | "dec"
  | "apr"
  | "brk"
  | "pol"
  | "fnd"
  | "sig"
  | "det"
  | "ep"
  | "ent"
  | "ses"
  | "inv";

export type Id<P extends Prefix> = `${P}_${string}`;
export type HumanId = Id<"hum">;
export type AgentId = Id<"agt">;
export type DeviceId = Id<"dev">;
export type TaskId = Id<"tsk">;
export type IntentId = Id<"int">;
export type ApprovalId = Id<"apr">;
export type BrakeId = Id<"brk">;
export type PolicyId = Id<"pol">;
export type PointId = Id<"ep">;
export type EntryId = Id<"ent">;
export type SessionId = Id<"ses">;
export type InviteId = Id<"inv">;

/** Source of randomness: returns `length` unpredictable bytes. */
export type Random = (length: number) => Uint8Array;
/** Wall clock in Unix milliseconds. */
export type Clock = () => number;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = 22;
const BODY = /^[0-9A-Za-z]{22}$/;

/** Makes a new id from the clock and 10 random bytes. */
export function newId<P extends Prefix>(prefix: P, now: number, random: Random): Id<P> {
  let value = BigInt(Math.floor(now)) & 0xffff_ffff_ffffn;
  for (const byte of random(10)) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < DIGITS; i += 1) {
    text = ALPHABET.charAt(Number(value % 62n)) + text;
    value /= 62n;
  }
  return `${prefix}_${text}`;
}

/** True when `text` is a well-formed id with that prefix. */
export function isId<P extends Prefix>(prefix: P, text: unknown): text is Id<P> {
  return typeof text === "string" && text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1));
}
