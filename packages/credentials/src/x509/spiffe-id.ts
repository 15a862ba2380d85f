/** A SPIFFE ID (SPIFFE-ID §2) in its parts. `path` is empty, or begins with `/`. */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly path: string;
}

const FORM = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)*)$/;

/** Null for what is not a SPIFFE ID in its one spelling: at most 2048 bytes, no empty or dotted segments, no slash at the end. Never throws. */
export function parseSpiffeId(text: string): SpiffeId | null {
  if (text.length > 2048) return null;
  const [, trustDomain, path] = FORM.exec(text) ?? [];
  if (trustDomain === undefined || path === undefined) return null;
  return path.split("/").some((segment) => segment === "." || segment === "..") ? null : { trustDomain, path };
}
