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

/**
 * True when a rule about `pattern` concerns the resource `name`. A name that is itself a pattern (a shell's `*.txt` is a whole folder)
 * is concerned as soon as the two have one name in common.
 */
export function touches(pattern: string, name: string): boolean {
  return matches(pattern, name) || (name.includes("*") && overlaps(pattern, name));
}

/** True when some name is matched by both patterns. Takes time in the product of their lengths. */
function overlaps(left: string, right: string): boolean {
  const seen = new Set<number>();
  const pending: (readonly [number, number])[] = [[0, 0]];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const [i, j] = at;
    if (i === left.length && j === right.length) return true;
    const key = i * (right.length + 1) + j;
    if (seen.has(key)) continue;
    seen.add(key);
    pending.push(...steps({ left, right }, i, j));
  }
  return false;
}

/** Where two patterns can be after one more character of a name that both match, or after a wildcard that matched its last. */
function steps(
  { left, right }: { readonly left: string; readonly right: string },
  i: number,
  j: number,
): readonly (readonly [number, number])[] {
  const [l, r] = [wildcardAt(left, i), wildcardAt(right, j)];
  if (l === 0 && r === 0) return i < left.length && left[i] === right[j] ? [[i + 1, j + 1]] : [];
  const byLeft = l === 0 ? [] : [[i + l, j] as const, ...passed(right, j, l).map((next) => [i, next] as const)];
  const byRight = r === 0 ? [] : [[i, j + r] as const, ...passed(left, i, r).map((next) => [next, j] as const)];
  return [...byLeft, ...byRight];
}

/** The place behind the next character of a pattern, when the wildcard of the other one matches it. */
function passed(pattern: string, at: number, wildcard: 1 | 2): readonly number[] {
  const next = pattern[at];
  return next === undefined || next === "*" || (next === "/" && wildcard === 1) ? [] : [at + 1];
}

/** Length of the wildcard at that place of a pattern; 0: there is none. */
function wildcardAt(pattern: string, at: number): 0 | 1 | 2 {
  if (pattern[at] !== "*") return 0;
  return pattern[at + 1] === "*" ? 2 : 1;
}
