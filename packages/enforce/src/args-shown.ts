import { type ArgsShown, type Json, canonicalJson, isJsonObject } from "@countersign/core";

const MOST_BYTES = 8 * 1024;
const MOST_TEXT = 256;
const SECRET_NAME =
  /(pass(word|wd|phrase)?|secret|token|api[-_]?key|authorization|credential|cookie|private[-_]?key|session)/i;
const SECRET_VALUE =
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[A-Za-z0-9_-]{10,}\.|\b(?:sk|pk|ghp|gho|ghs|xox[abp]|AKIA|ASIA)[-_A-Za-z0-9]{12,}|\bBearer\s+\S{12,})/;

/**
 * The redacted arguments of a ledger entry: values under telling names and values that look like secrets are left out, long texts are cut,
 * and the whole is at most 8 KiB. What was left out is listed by JSON pointer (RFC 6901); the commitment covers the full arguments.
 */
export function argsShown(value: Json): ArgsShown {
  const hidden: string[] = [];
  const shown = redact(value, "", hidden);
  if (Buffer.byteLength(canonicalJson({ value: shown, hidden })) <= MOST_BYTES) return { value: shown, hidden };
  return outline(value);
}

function redact(value: Json, path: string, hidden: string[]): Json {
  if (typeof value === "string") {
    if (SECRET_VALUE.test(value)) return hide(path, hidden);
    if (value.length > MOST_TEXT) {
      hidden.push(path);
      return `${value.slice(0, MOST_TEXT).toWellFormed()}…`;
    }
    return value;
  }
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item, i) => redact(item, `${path}/${String(i)}`, hidden));
  if (!isJsonObject(value)) return value;
  const out: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const [key, member] of Object.entries(value)) {
    const at = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    out[key] = SECRET_NAME.test(key) && member !== null ? hide(at, hidden) : redact(member, at, hidden);
  }
  return out;
}

function hide(path: string, hidden: string[]): Json {
  hidden.push(path);
  return null;
}

/** For arguments that are too large even redacted: the names at the top and the shape below them. */
function outline(value: Json): ArgsShown {
  if (!isJsonObject(value)) return { value: null, hidden: [""] };
  const out: Record<string, Json> = Object.create(null) as Record<string, Json>;
  let left = 64;
  for (const [key, member] of Object.entries(value)) {
    if (left-- === 0 || key.length > 64) break;
    const scalar = typeof member === "number" || typeof member === "boolean" || member === null;
    out[key] = scalar && !SECRET_NAME.test(key) ? member : null;
  }
  return { value: out, hidden: [""] };
}
