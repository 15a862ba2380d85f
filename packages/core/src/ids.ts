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
  | "inv"
  | "joi";

export type Id<P extends Prefix> = `${P}_${string}`;
export type HumanId = Id<"hum">;
export type AgentId = Id<"agt">;
export type DeviceId = Id<"dev">;
export type TaskId = Id<"tsk">;
export type MandateId = Id<"mdt">;
export type IntentId = Id<"int">;
export type ApprovalId = Id<"apr">;
export type BrakeId = Id<"brk">;
export type PolicyId = Id<"pol">;
export type PointId = Id<"ep">;
export type EntryId = Id<"ent">;
export type SessionId = Id<"ses">;
export type InviteId = Id<"inv">;
export type JoinId = Id<"joi">;

/** Source of randomness: returns `length` unpredictable bytes. */
export type Random = (length: number) => Uint8Array;
/** Wall clock in Unix milliseconds. */
export type Clock = () => number;

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".split("");
/** Every two digits of base 62: ids are made at each action, so two digits are taken at a time. */
const PAIRS: readonly string[] = DIGITS.flatMap((first) => DIGITS.map((second) => first + second));
const DIGIT_PAIRS = 11;
const LIMB = 2 ** 32;
const BODY = /^[0-9A-Za-z]{22}$/;

/** Makes a new id from the clock and 10 random bytes. */
export function newId<P extends Prefix>(prefix: P, now: number, random: Random): Id<P> {
  const bytes = random(10);
  const ms = Math.floor(now);
  // One number of 128 bits in four limbs, the highest first; what is left of a division stays below 2⁵³.
  const limbs = [
    Math.floor(ms / 0x1_0000) % LIMB,
    (ms % 0x1_0000) * 0x1_0000 + (bytes[0] ?? 0) * 0x100 + (bytes[1] ?? 0),
    uint32(bytes, 2),
    uint32(bytes, 6),
  ];
  let text = "";
  for (let pair = 0; pair < DIGIT_PAIRS; pair += 1) {
    let rest = 0;
    for (let i = 0; i < limbs.length; i += 1) {
      const value = rest * LIMB + (limbs[i] ?? 0);
      const quotient = Math.floor(value / PAIRS.length);
      rest = value - quotient * PAIRS.length;
      limbs[i] = quotient;
    }
    text = `${PAIRS[rest] ?? ""}${text}`;
  }
  return `${prefix}_${text}`;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x100_0000 +
    (bytes[at + 1] ?? 0) * 0x1_0000 +
    (bytes[at + 2] ?? 0) * 0x100 +
    (bytes[at + 3] ?? 0)
  );
}

/** True when `text` is a well-formed id with that prefix. */
export function isId<P extends Prefix>(prefix: P, text: unknown): text is Id<P> {
  return typeof text === "string" && text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1));
}
