import { normalizeResource } from "@countersign/core";

/** The one form that every program reads alike: no user, no brackets that are expanded, no escaped separators. */
const PLAIN = /^https?:\/\/[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d{1,5})?(?:[/?#][\w\-.~!$&'()*+,;=:@/?#%]*)?$/;

/** The resource of a web address, without its question; null if it is not in a form that is read alike everywhere. */
export function webResource(text: string): string | null {
  const address = /^(?:localhost|127\.0\.0\.1)(?:[:/]|$)/.test(text) ? `http://${text}` : text;
  if (!PLAIN.test(address)) return null;
  const url = URL.parse(address);
  if (url === null || /%(?:2e|2f|5c)/i.test(url.pathname)) return null;
  return url.pathname === "/" ? `${url.origin}/` : normalizeResource(`${url.origin}${url.pathname}`);
}
