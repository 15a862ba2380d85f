import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { AppError } from "@countersign/core";

/** PEM texts as a server takes them. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads certificate and key, and looks whether a browser could accept them: passkeys do not work on a page whose certificate is wrong.
 * @throws AppError `config.invalid` naming the file, never what is in it
 */
export async function readTls(
  files: { readonly cert: string; readonly key: string },
  { host, now }: { readonly host: string; readonly now: number },
): Promise<Tls> {
  const [cert, key] = await Promise.all([read(files.cert, "certificate"), read(files.key, "key")]);
  const certificate = parsed(() => new X509Certificate(cert), `\`${files.cert}\` holds no certificate in PEM form`);
  const secret = parsed(() => createPrivateKey(key), `\`${files.key}\` holds no private key in PEM form`);
  if (!certificate.checkPrivateKey(secret)) throw invalid(`\`${files.key}\` is not the key of \`${files.cert}\``);
  if (certificate.checkHost(host, { subject: "never" }) === undefined)
    throw invalid(`\`${files.cert}\` is not for \`${host}\`; have that name put into its subject alternative names`);
  if (Date.parse(certificate.validTo) <= now)
    throw invalid(`\`${files.cert}\` ended on ${certificate.validTo}; renew it`);
  return { cert, key };
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AppError("config.invalid", { cause: error, detail: `the ${what} \`${path}\` cannot be read` });
  }
}

function parsed<T>(parse: () => T, fault: string): T {
  try {
    return parse();
  } catch {
    // The cause may quote the file.
    throw invalid(fault);
  }
}

function invalid(detail: string): AppError {
  return new AppError("config.invalid", { detail });
}
