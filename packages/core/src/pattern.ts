/**
 * Patterns over action and resource names: `*` stands for any text within a segment, `**` for any text across segments.
 * Segments are divided by `/`. Matching is exact, case-sensitive and linear in practice: no regular expression is built.
 */
export function matches(pattern: string, name: string): boolean {
  return matchesFrom({ pattern, name, seen: new Set() }, 0, 0);
}

interface Search {
  readonly pattern: string;
  readonly name: string;
  /** Pairs of positions that were tried already. */
  readonly seen: Set<number>;
}

function matchesFrom(search: Search, patternStart: number, nameStart: number): boolean {
  const { pattern, name, seen } = search;
  let at = patternStart;
  let pos = nameStart;
  while (at < pattern.length) {
    if (pattern[at] !== "*") {
      if (pattern[at] !== name[pos]) return false;
      at += 1;
      pos += 1;
      continue;
    }
    const key = at * (name.length + 1) + pos;
    if (seen.has(key)) return false;
    seen.add(key);
    const across = pattern[at + 1] === "*";
    const rest = at + (across ? 2 : 1);
    for (let end = pos; end <= name.length; end += 1) {
      if (matchesFrom(search, rest, end)) return true;
      if (!across && name[end] === "/") return false;
    }
    return false;
  }
  return pos === name.length;
}

/**
 * True when every name that `inner` matches is certainly matched by `outer`. Conservative: may answer false for two patterns
 * that do contain one another, never true for two that do not. Used when rights are narrowed (a task's grants within an agent's scope).
 */
export function contains(outer: string, inner: string): boolean {
  if (outer === inner || outer === "**") return true;
  if (!inner.includes("*")) return matches(outer, inner);
  // Each wildcard of `inner` becomes a text that only a wildcard at least as wide can match: `**` spans more segments than
  // all the single wildcards of `outer` together.
  const across = `\u0001${"/\u0001".repeat(outer.length)}`;
  const widest = inner.replaceAll("**", "\u0002").replaceAll("*", "\u0001").replaceAll("\u0002", across);
  return matches(outer, widest);
}
