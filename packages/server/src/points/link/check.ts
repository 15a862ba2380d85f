import { type Json, type JsonObject, isId, isJsonObject } from "@countersign/core";
import { malformed } from "@countersign/enforce";

/** Looks at one value and answers whether it has a form. */
export type Check = (value: Json | undefined) => boolean;

/** Looks at an object member by member; one that is not named is not allowed. @throws AppError `link.malformed` with the member's name */
export function assertShape(what: string, value: Json | undefined, shape: Readonly<Record<string, Check>>): JsonObject {
  if (!isJsonObject(value)) throw malformed(`\`${what}\` is no object`);
  for (const name in shape) {
    if (shape[name]?.(value[name]) !== true) throw malformed(`\`${what}.${name}\` does not have the required form`);
  }
  for (const name in value)
    if (!Object.hasOwn(shape, name)) throw malformed(`\`${what}\` has no \`${name.slice(0, 40)}\``);
  return value;
}

export const text =
  (most: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= most;

/** base64url of 32 bytes. */
export const digest: Check = (value) => typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);

export const id =
  (prefix: Parameters<typeof isId>[0]): Check =>
  (value) =>
    isId(prefix, value);

export const count: Check = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

export const oneOf = (...names: readonly string[]): Check => {
  const known = new Set<Json | undefined>(names);
  return (value) => known.has(value);
};

export const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

export const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

export const listOf =
  (most: number, check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && (value as readonly Json[]).every(check);

/** Any JSON, of so many bytes as text at most. */
export const json =
  (most: number): Check =>
  (value) =>
    value !== undefined && JSON.stringify(value).length <= most;

/** An object with exactly these members. */
export const shaped =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isJsonObject(value)) return false;
    for (const name in shape) if (shape[name]?.(value[name]) !== true) return false;
    for (const name in value) if (!Object.hasOwn(shape, name)) return false;
    return true;
  };
