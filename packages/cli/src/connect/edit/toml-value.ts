import { type Json, isJsonObject } from "@countersign/core";

/** A value as TOML writes it on one line; null where TOML has no form for it. */
export function tomlValue(value: Json): string | null {
  if (value === null) return null;
  if (typeof value === "string") return tomlText(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value).replace("e+", "e") : null;
  if (typeof value === "boolean") return String(value);
  if (!isJsonObject(value)) return joined(value.map(tomlValue), "[", "]");
  return joined(
    Object.entries(value).map(([key, member]) => tomlPair([key], member)),
    "{ ",
    " }",
  );
}

/** `key = value` */
export function tomlPair(keys: readonly string[], value: Json): string | null {
  const written = tomlValue(value);
  return written === null ? null : `${tomlKeys(keys)} = ${written}`;
}

/** `a."b c"` */
export function tomlKeys(keys: readonly string[]): string {
  return keys.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : (tomlText(key) ?? '""'))).join(".");
}

/** The escapes of JSON are those of TOML, but for DEL. */
function tomlText(text: string): string | null {
  return text.isWellFormed() ? JSON.stringify(text).replaceAll("\u007f", "\\u007f") : null;
}

function joined(parts: readonly (string | null)[], open: string, close: string): string | null {
  if (parts.length === 0) return `${open.trim()}${close.trim()}`;
  return parts.includes(null) ? null : `${open}${parts.join(", ")}${close}`;
}
