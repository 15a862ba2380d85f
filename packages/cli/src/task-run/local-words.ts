import { timingSafeEqual } from "node:crypto";

/** Longest answer to the question for a password. */
const PASSWORD_BYTES = 1024;

/** No encryption on this side: the hop does not leave the machine. */
export const NOT_ENCRYPTED: Buffer = Buffer.from("N");
/** AuthenticationCleartextPassword: over a socket of this machine, for a password of this one run. */
export const ASK_FOR_PASSWORD: Buffer = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

/** How long the answer with the password is; as {@link firstPacketBytes}. */
export function passwordBytes(bytes: Buffer): number | null {
  if (bytes.length < 5) return null;
  const size = bytes.readInt32BE(1);
  return bytes.readUInt8(0) !== 0x70 || size < 5 || size > PASSWORD_BYTES ? 0 : size + 1;
}

/** Whether a whole answer holds this password, in constant time. */
export function isPassword(answer: Buffer, password: string): boolean {
  const expected = Buffer.from(`${password}\0`);
  const given = answer.subarray(5);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** ErrorResponse of severity FATAL. */
export function fatal(sqlState: string, message: string): Buffer {
  const fields = ["SFATAL", "VFATAL", `C${sqlState}`, `M${message.replaceAll("\0", "")}`];
  const body = Buffer.from(`${fields.join("\0")}\0\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
