import { X509Certificate, createHmac, hash, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Random } from "@countersign/core";

const derive = promisify(pbkdf2);
const PLAIN = "SCRAM-SHA-256";
const BOUND = "SCRAM-SHA-256-PLUS";
/** A server that asks for more wants to keep us busy. */
const MOST_ITERATIONS = 1_000_000;
const LEAST_ITERATIONS = 4096;

/** One login with a password that the server knows only as a verifier (RFC 5802, RFC 7677). */
export class Scram {
  readonly mechanism: string;
  readonly #password: string;
  readonly #header: string;
  readonly #binding: Buffer;
  readonly #nonce: string;
  #expected: Buffer | null = null;

  private constructor(password: string, nonce: string, binding: Buffer | null) {
    this.#password = password.normalize("NFKC");
    this.#nonce = nonce;
    this.mechanism = binding === null ? PLAIN : BOUND;
    this.#header = binding === null ? "n,," : "p=tls-server-end-point,,";
    this.#binding = binding ?? Buffer.alloc(0);
  }

  /** Chooses among what the server offers; bound to the TLS connection where both sides can. Null: nothing that is spoken here. */
  static choose(offered: readonly string[], { password, certificate, random }: ScramInput): Scram | null {
    const nonce = Buffer.from(random(18)).toString("base64");
    const binding = certificate !== null && offered.includes(BOUND) ? endPoint(certificate) : null;
    if (binding !== null) return new Scram(password, nonce, binding);
    return offered.includes(PLAIN) ? new Scram(password, nonce, null) : null;
  }

  /** The first message: PostgreSQL takes the user from the start-up packet. */
  first(): Buffer {
    return Buffer.from(`${this.#header}${this.#firstBare()}`);
  }

  /** The proof, or null when the server's challenge is not one. */
  async proof(challenge: Buffer): Promise<Buffer | null> {
    const said = challenge.toString("latin1");
    const [, nonce, salt, iterations] = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=(\d{1,7})$/.exec(said) ?? [];
    if (nonce === undefined || salt === undefined || iterations === undefined) return null;
    const rounds = Number(iterations);
    const isOurs = nonce.startsWith(this.#nonce) && nonce.length > this.#nonce.length;
    if (!isOurs || rounds < LEAST_ITERATIONS || rounds > MOST_ITERATIONS) return null;
    const salted = await derive(this.#password, Buffer.from(salt, "base64"), rounds, 32, "sha256");
    const clientKey = mac(salted, "Client Key");
    const binding = Buffer.concat([Buffer.from(this.#header), this.#binding]).toString("base64");
    const withoutProof = `c=${binding},r=${nonce}`;
    const signed = `${this.#firstBare()},${said},${withoutProof}`;
    const signature = mac(hash("sha256", clientKey, "buffer"), signed);
    this.#expected = mac(mac(salted, "Server Key"), signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    return Buffer.from(`${withoutProof},p=${proof.toString("base64")}`);
  }

  /** Whether the server has proved that it knows the verifier. */
  isServer(final: Buffer): boolean {
    const said = /^v=([A-Za-z0-9+/=]+)$/.exec(final.toString("latin1"))?.[1];
    const given = said === undefined ? null : Buffer.from(said, "base64");
    return given !== null && this.#expected !== null && given.length === 32 && timingSafeEqual(given, this.#expected);
  }

  #firstBare(): string {
    return `n=,r=${this.#nonce}`;
  }
}

interface ScramInput {
  readonly password: string;
  /** Of the server, DER; null without TLS. */
  readonly certificate: Buffer | null;
  readonly random: Random;
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** RFC 5929 §4.1: the hash of the certificate, by the algorithm of its signature; null where that is not known. */
function endPoint(certificate: Buffer): Buffer | null {
  const { signatureAlgorithm } = new X509Certificate(certificate);
  const name = /(md5|sha1|sha224|sha256|sha384|sha512)/i.exec(signatureAlgorithm ?? "")?.[1]?.toLowerCase();
  if (name === undefined) return null;
  return hash(name === "md5" || name === "sha1" ? "sha256" : name, certificate, "buffer");
}
