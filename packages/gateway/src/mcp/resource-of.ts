import { type Json, type JsonObject, fillPlaces } from "@countersign/core";
import { nameOfAddress } from "./address-name.ts";

export type MappedResource =
  | { readonly ok: true; readonly resource: string }
  | { readonly ok: false; readonly reason: string };

const CONTROL = /[\u0000-\u001f\u007f]/;
/** What some programs strip from a path before they use it. */
const STRIPPED = /^[\s"']|[\s"']$/;
const MAX_CHARS = 4096;
/** What stands before a value that begins the name, or all of it behind the scheme. */
const IS_START = /^(?:[a-z][a-z0-9+.-]*:)?$/;

/**
 * The resource that one text of an upstream's mapping names (`file:{path}`), in its normal form. `element` fills a place that goes through
 * a list (`file:{paths[]}`).
 *
 * Refuses rather than guesses: a value that is no text, or that the upstream could take for another name than we do (a relative path, a
 * path with spaces or quotes at its ends, control characters), would slip past every rule about the resource that it really means.
 */
export function resourceOf(template: string, args: JsonObject, element?: Json): MappedResource {
  let refused: string | null = null;
  const name = fillPlaces(template, ({ argument, each }, before) => {
    const given = Object.hasOwn(args, argument) ? args[argument] : undefined;
    const value = each ? element : given;
    const fault = faultOf(value, before);
    if (fault !== null) refused ??= `argument \`${argument}\` ${fault}`;
    return typeof value === "string" ? withoutAuthority(value, before) : "";
  });
  if (refused !== null) return { ok: false, reason: refused };
  return nameOfAddress(name);
}

function faultOf(value: unknown, before: string): string | null {
  if (typeof value !== "string" || value === "") return "must be a text that is not empty: it names the resource";
  if (value.length > MAX_CHARS || CONTROL.test(value) || STRIPPED.test(value)) return "is not a plain name";
  if (leavesPlace(value, before)) return "leads out of its place in the name";
  if (before === "file:" && !/^[\\/]/.test(value)) return "must be an absolute path";
  return null;
}

/** Behind the start of a name a value only goes on with it: programs join it there, and an absolute one replaces what stands before. */
function leavesPlace(value: string, before: string): boolean {
  const isStart = IS_START.test(before);
  if (/^[\\/]/.test(value)) return !isStart;
  if (!isStart && (value.startsWith("~") || (/^https?:/.test(before) && /[?#]/.test(value)))) return true;
  let depth = 0;
  return value.split(/[\\/]/).some((segment) => {
    if (segment === "..") depth -= 1;
    else if (segment !== "" && segment !== ".") depth += 1;
    return depth < 0;
  });
}

/** Right after a scheme, leading slashes of a value would read as the name of a host. */
function withoutAuthority(value: string, before: string): string {
  return /^[a-z][a-z0-9+.-]*:$/.test(before) ? value.replace(/^[\\/]+/, "/") : value;
}
