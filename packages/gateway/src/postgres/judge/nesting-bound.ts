/**
 * Strings, quoted names, comments, then what nests: brackets, operators and the words that chain. What is read wrongly here (a nested comment,
 * an escape) moves a bound and nothing else.
 */
const TOKENS =
  /'(?:[^']|'')*'|"[^"]*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|[([{]|[)\]}]|[,;]|[-+*/<>=~!@#%^&|`?:]|\b(?:and|or|union|intersect|except|join|is|isnull|notnull|collate|at|not|case|select)\b/gi;

/**
 * An upper bound, up to a constant, of how deep the parser would go: operators, joins and set operations in a row nest as deep as they are
 * many. The parser runs in WebAssembly; a stack that overflows there cannot be mended, so what comes near is not parsed.
 */
export function nestingBound(text: string): number {
  const outer: number[] = [];
  let [here, sum, most] = [0, 0, 0];
  for (const [token] of text.matchAll(TOKENS)) {
    const first = token.charAt(0);
    if ("([{".includes(first)) {
      outer.push(here);
      sum += 1;
      here = 0;
    } else if (")]}".includes(first)) {
      sum -= here + (outer.length > 0 ? 1 : 0);
      here = outer.pop() ?? 0;
    } else if (SEPARATORS.test(token)) {
      sum -= here;
      here = 0;
    } else if (token.length === 1 || /^[a-z]/i.test(token)) {
      here += 1;
      sum += 1;
    }
    most = Math.max(most, sum);
  }
  return most;
}

/** What follows them stands beside what was before, not within it. */
const SEPARATORS = /^(?:[,;]|and|or)$/i;
