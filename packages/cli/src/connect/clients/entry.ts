import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import type { Entry } from "./client.ts";

/** Names of the keys in which a client keeps the parts of an entry. */
export interface Keys {
  readonly command?: string;
  readonly args?: string;
  readonly env?: string;
  readonly url?: readonly string[];
  readonly headers?: string;
}

/** An entry in the usual form; null when it neither starts nor calls anything. */
export function usualEntry(entry: JsonObject, keys: Keys = {}): Entry | null {
  const command = textOf(entry[keys.command ?? "command"]);
  const url = (keys.url ?? ["url"]).map((key) => textOf(entry[key])).find((text) => text !== null) ?? null;
  if (command === null && url === null) return null;
  return {
    command,
    args: textsOf(entry[keys.args ?? "args"]),
    env: objectOf(entry[keys.env ?? "env"]),
    cwd: textOf(entry["cwd"]),
    url,
    headers: objectOf(entry[keys.headers ?? "headers"]),
    enabled: entry["disabled"] !== true && entry["enabled"] !== false,
    forwarded: {},
    forwardedHeaders: {},
    bearerVariable: null,
    trouble: troubleOf(entry),
  };
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value)
    ? value.filter((item) => typeof item === "string" || typeof item === "number").map(String)
    : [];
}

export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The keys that say how a server is reached, in the usual form. */
export const REACH_GONE: Readonly<Record<string, undefined>> = {
  env: undefined,
  envFile: undefined,
  cwd: undefined,
  url: undefined,
  headers: undefined,
  auth: undefined,
  oauth: undefined,
};

function troubleOf(entry: JsonObject): string | null {
  if (textOf(entry["envFile"]) !== null) return "reads its environment from a file; write the variables into the entry";
  if (entry["type"] === "sse" || entry["transport"] === "sse") {
    return "speaks the old SSE transport; use the server's streamable HTTP address";
  }
  return null;
}
