import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Whether a program of the machine is there: tests that need it are left out loudly where it is not. */
export function hasProgram(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args, { stdio: "ignore", env: SYSTEM }).error === undefined;
}

/** Servers of the system stand where the path of a person may not lead. */
export const SYSTEM: NodeJS.ProcessEnv = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** For a browser that is to accept just this key. */
  readonly pin: string;
}

/** A self-signed certificate of openssl for a name, for a day. */
export function selfSigned(folder: string, name: string): Certificate {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  execFileSync("openssl", ["req", "-x509", ...made, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const der = new X509Certificate(readFileSync(cert)).publicKey.export({ type: "spki", format: "der" });
  return { cert, key, pin: createHash("sha256").update(der).digest("base64") };
}
