const MOST_CHARS = 400;
/** Texts that give access by themselves. */
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g,
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|ghr|glpat|npm|xox[abeprs]|AKIA|ASIA|AIza|hf|github_pat)[-_]?[\w-]{12,}/g,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/gi,
  /\b(?:Bearer|Basic)\s+[\w.~+/-]{12,}=*/gi,
  /\b(?:pass(?:word|wd|phrase)?|secret|token|api[-_ ]?key|credential)s?\b\s*(?:is|=|:)\s*\S+/gi,
  /\b(?=[\w+/-]*\d)(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])[\w+/-]{32,}={0,2}/g,
];

/**
 * The purpose of a task out of what the person asked the agent for: one line, texts that look like secrets taken out, bounded. Null when
 * nothing is left of it.
 */
export function purposeOf(prompt: string): string | null {
  const bounded = prompt.slice(0, MOST_CHARS * 64).toWellFormed();
  const masked = SECRETS.reduce((text, secret) => text.replaceAll(secret, "[hidden]"), bounded);
  const line = masked.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  if (line === "") return null;
  return line.length <= MOST_CHARS ? line : `${line.slice(0, MOST_CHARS - 1).toWellFormed()}…`;
}
