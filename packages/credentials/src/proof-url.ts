const FORM = /^https?:\/\/[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/i;
const ESCAPE = /%([0-9a-f]{2})/gi;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * True when two addresses are the same for `htu` (RFC 9449 section 4.3, check 9): query and fragment ignored, normalised by
 * syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3). Addresses with user information or characters that no URI has never are.
 */
export function sameUrl(claimed: string, actual: string): boolean {
  if (claimed === actual && FORM.test(claimed) && !/[?#@]/.test(claimed)) return true;
  const a = normalize(claimed);
  return a !== null && a === normalize(actual);
}

function normalize(text: string): string | null {
  if (text.length > 8192 || !FORM.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return null;
  return url.origin + url.pathname.replace(ESCAPE, normalizeEscape);
}

function normalizeEscape(escape: string, hex: string): string {
  const char = String.fromCharCode(Number.parseInt(hex, 16));
  return UNRESERVED.test(char) ? char : escape.toUpperCase();
}
