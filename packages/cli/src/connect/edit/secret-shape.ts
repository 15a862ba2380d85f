/** Names that stand before secrets. */
const NAMES =
  /(token|secret|passw|passphrase|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|auth|cookie|bearer|signature)/i;
/** Keys of well-known services, and JSON web tokens. */
const SHAPES = /\b(sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[a-z]|AKIA|AIza|npm|pat|eyJ)[-_A-Za-z0-9]{12,}/;
const PASSWORD_IN_ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]+@/i;
const SECRET_IN_QUERY = /[?&][^=&]*(token|key|secret|password|auth|sig)[^=&]*=[^&]/i;

/** `API_KEY`, `--token`, `Authorization`. */
export function isSecretName(name: string): boolean {
  return NAMES.test(name);
}

/** The text itself looks like a secret, or holds one: a key, a password in an address. */
export function looksSecret(text: string): boolean {
  if (SHAPES.test(text) || PASSWORD_IN_ADDRESS.test(text) || SECRET_IN_QUERY.test(text)) return true;
  return isRandom(text);
}

/** Long, without spaces or slashes, letters and digits mixed: nobody types that. */
function isRandom(text: string): boolean {
  return (
    /^[A-Za-z0-9+_=.-]{24,}$/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text) && !/^[\w.-]*@?[\d.]+$/.test(text)
  );
}
