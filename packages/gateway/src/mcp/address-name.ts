import { normalizeResource } from "@countersign/core";
import type { MappedResource } from "./resource-of.ts";

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
/** Escapes that some programs read as `.`, `/` and `\` and others as they stand. */
const ESCAPED = /%(?:2e|2f|5c)/i;

const refuse = (reason: string): MappedResource => ({ ok: false, reason });

/**
 * The resource behind a name that may be an address: of web addresses only the one form is taken that every program reads alike (the WHATWG
 * URL standard's), and their question is left out, because it names no place. INV-1: an address that is read otherwise upstream than here
 * would slip past every rule about what it really means.
 */
export function nameOfAddress(name: string): MappedResource {
  const scheme = SCHEME.exec(name)?.[0] ?? "";
  if (scheme !== scheme.toLowerCase()) return refuse("the scheme of an address must be in small letters");
  if (scheme === "https:" || scheme === "http:") return webName(name);
  if (scheme === "file:") return fileName(name);
  return { ok: true, resource: normalizeResource(name) };
}

function webName(name: string): MappedResource {
  const url = URL.parse(name);
  if (url === null || (url.href !== name && url.href !== `${name}/`))
    return refuse("the web address is not in its normal form");
  if (url.username !== "" || url.password !== "") return refuse("the web address names a user");
  if (url.pathname !== "/" && ESCAPED.test(url.pathname))
    return refuse("the path of the web address has escaped separators");
  const resource = normalizeResource(`${url.origin}${url.pathname}`);
  return { ok: true, resource: url.pathname === "/" ? `${url.origin}/` : resource };
}

/** `file:///a` and `file:/a` are one place. */
function fileName(name: string): MappedResource {
  const path = name.startsWith("file:///") ? name.slice("file://".length) : name.slice("file:".length);
  if (path.startsWith("//")) return refuse("the file address names a host");
  if (name.startsWith("file:///") && /[%?#]/.test(path)) return refuse("the file address has escapes");
  return { ok: true, resource: normalizeResource(`file:${path}`) };
}
