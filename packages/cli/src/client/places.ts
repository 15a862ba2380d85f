import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError, type JsonObject, isJsonObject } from "@countersign/core";
import { UsageError } from "../command/usage-error.ts";
import type { Environment } from "../environment.ts";
import { readPrivateJson, writePrivateJson } from "./private-file.ts";

export const DEFAULT_SERVER = "http://localhost:7330";

/** Which control plane a command means. */
export interface Places {
  /** The address that the person named (flag, environment, saved), or null: then it is the one behind the socket, or the default. */
  readonly server: string | null;
  readonly dataDir: string;
  /** The control socket; null when there is none, or when it may belong to another control plane than the one that was named. */
  readonly socketPath: string | null;
  /** The address to take when none is named and no socket answers. */
  readonly usual: string;
}
export interface PlaceFlags {
  readonly server?: string | undefined;
  readonly data?: string | undefined;
}

/** Finds the control plane: flags, then the environment, then what was saved, then this machine's own. */
export function findPlaces(flags: PlaceFlags, env: Environment): Places {
  const usual = (): string => env.dataDir ?? savedDataDir(env) ?? env.defaultDataDir;
  const dataDir = flags.data === undefined ? usual() : resolve(env.cwd, flags.data);
  const dataNamed = flags.data !== undefined || env.dataDir !== null;
  const server = namedServer(flags.server, env);
  const socketPath = join(dataDir, "control.sock");
  const near = (dataNamed || server === null) && isSocket(socketPath) ? socketPath : null;
  return {
    server,
    dataDir,
    socketPath: near,
    usual: dataDir === savedDataDir(env) ? savedAddress(env) : DEFAULT_SERVER,
  };
}

/** Keeps the address for later commands: `config.json` on the user's side. */
export function saveServer(server: string, env: Environment): void {
  writePrivateJson(configFile(env), { ...saved(env), server });
}

/**
 * Keeps where this user's control plane was started last, and its address: a command in another folder finds it without being told, and
 * does not take another one for it while it is down.
 */
export function saveStarted(
  { dataDir, api }: { readonly dataDir: string; readonly api: string },
  env: Environment,
): void {
  writePrivateJson(configFile(env), { ...saved(env), dataDir, api });
}

function savedAddress(env: Environment): string {
  const { api } = saved(env);
  return (typeof api === "string" ? parseServer(api) : null) ?? DEFAULT_SERVER;
}

function savedDataDir(env: Environment): string | null {
  const { dataDir } = saved(env);
  const exists = typeof dataDir === "string" && statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() === true;
  return exists ? dataDir : null;
}

function saved(env: Environment): JsonObject {
  const value = readPrivateJson(configFile(env));
  return isJsonObject(value) ? value : {};
}

/** `scheme://host[:port]`: proofs are made for it, so it must be the control plane's `publicUrl` to the letter. */
export function parseServer(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(text);
  const bare = pathname === "/" && `${search}${hash}${username}${password}` === "";
  return bare && (protocol === "http:" || protocol === "https:") ? origin : null;
}

function namedServer(flag: string | undefined, env: Environment): string | null {
  const text = flag ?? env.server;
  if (text === null) return savedServer(env);
  const server = parseServer(text);
  if (server !== null) return server;
  const origin = flag === undefined ? "COUNTERSIGN_SERVER" : "--server";
  throw new UsageError(`\`${text}\` in ${origin} is not an address of the form \`https://host:port\``);
}

function savedServer(env: Environment): string | null {
  const { server } = saved(env);
  const parsed = typeof server === "string" ? parseServer(server) : null;
  if (server === undefined || parsed !== null) return parsed;
  throw new AppError("config.invalid", {
    detail: `\`${configFile(env)}\` names no usable server; correct or remove it`,
  });
}

function configFile(env: Environment): string {
  return join(env.configDir, "config.json");
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
