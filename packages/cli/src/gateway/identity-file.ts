import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { AppError, type JsonObject, isJsonObject } from "@countersign/core";
import { type SigningKey, exportPrivateJwk, importSigningKey } from "@countersign/credentials";
import { type PointIdentity, readIdentity } from "@countersign/enforce";
import { readPrivateJson, writePrivateJson } from "../client/private-file.ts";

/** Who a gateway is, and where its servers are: all that a later start needs. */
export interface GatewayIdentity extends PointIdentity {
  readonly key: SigningKey;
  readonly servers: readonly string[];
}

const FILE = "identity.json";

/** Reads the identity in a gateway's directory; null when it has none yet. @throws AppError `config.invalid` */
export function loadIdentity(directory: string): GatewayIdentity | null {
  const path = join(directory, FILE);
  const stored = readPrivateJson(path);
  if (stored === null) return null;
  if (!isJsonObject(stored)) throw damaged(path);
  const { servers } = stored;
  try {
    const identity = readIdentity(stored);
    return { ...identity, key: importSigningKey(stored["key"]), servers: textsOf(servers) };
  } catch {
    // What stands in it is not quoted (INV-9).
    throw damaged(path);
  }
}

/** Keeps it: the file for this user alone, in a folder for this user alone. */
export function saveIdentity(directory: string, { key, ...identity }: GatewayIdentity): void {
  makePrivate(directory);
  writePrivateJson(join(directory, FILE), { ...identity, key: { ...exportPrivateJwk(key) } as JsonObject });
}

/** Makes a folder for this user alone. @throws AppError `config.invalid` when it cannot be used */
export function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new AppError("config.invalid", {
      cause: error,
      detail: `\`${directory}\` cannot be used (${code}); name another folder with \`--data\``,
    });
  }
}

/** The gateways of this user that have joined, by name. */
export function knownGateways(base: string): readonly string[] {
  try {
    return readdirSync(base).filter((name) => readPrivateJson(join(base, name, FILE)) !== null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) return value;
  throw new TypeError("no list of texts");
}

function damaged(path: string): AppError {
  return new AppError("config.invalid", {
    detail: `\`${path}\` is not the identity of a gateway; remove it and join again with a new token`,
  });
}
