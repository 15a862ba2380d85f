import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Random } from "@countersign/core";

const ITERATIONS = 4096;
const SALT_BYTES = 16;

/**
 * What PostgreSQL keeps of a password (RFC 5803 in its spelling, RFC 7677): with it the server checks a login, and nobody can log in. So no
 * password stands in a statement, nor in the server's log. `password`: ASCII letters, digits, `-` and `_`, which SASLprep leaves as they are.
 */
export function scramVerifier(password: string, random: Random): string {
  const salt = Buffer.from(random(SALT_BYTES));
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const stored = createHash("sha256").update(hmac(salted, "Client Key")).digest("base64");
  const server = hmac(salted, "Server Key").toString("base64");
  return `SCRAM-SHA-256$${String(ITERATIONS)}:${salt.toString("base64")}$${stored}:${server}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
