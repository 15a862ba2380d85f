/** One policy of a text: the pieces, joined, are the whole text. */
export interface PolicyPiece {
  readonly text: string;
  /** Line of the whole text on which the policy's first token stands, from 1. */
  readonly line: number;
  /** Line of the whole text on which `text` begins, from 1. */
  readonly firstLine: number;
}
export type SplitText =
  | { readonly ok: true; readonly pieces: readonly PolicyPiece[]; readonly rest: string }
  | { readonly ok: false; readonly message: string; readonly line: number };

export interface TextLimits {
  /** Most policies. */
  readonly policies: number;
  /** Most open brackets and `if`s of one policy. */
  readonly nesting: number;
}

const TOKEN = /"(?:\\.|[^"\\])*"|\/\/[^\n\r]*|[A-Za-z_][A-Za-z0-9_]*|[()[\]{};"]|\n|[^\n]/gsu;

/**
 * Splits a policy text at the `;` that end policies and bounds its nesting, before any parser with a stack sees it: some 200 nested
 * brackets break a whole cedar-wasm instance. Linear time, no recursion.
 *
 * Nothing is left out: should this scanner read a string or a comment otherwise than Cedar does, a piece is not one policy and
 * Cedar refuses it.
 */
export function splitPolicies(text: string, limits: TextLimits): SplitText {
  const pieces: PolicyPiece[] = [];
  let start = 0;
  let line = 1;
  let firstLine = 1;
  let tokenLine = 0;
  let depth = 0;
  let ifs = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "\n") {
      line += 1;
      continue;
    }
    if (token.startsWith("//") || token === " " || token === "\t" || token === "\r") continue;
    if (tokenLine === 0) tokenLine = line;
    if (token === "(" || token === "[" || token === "{") depth += 1;
    else if (token === ")" || token === "]" || token === "}") depth = Math.max(0, depth - 1);
    else if (token === "if") ifs += 1;
    else if (token === ";") {
      const end = index + 1;
      pieces.push({ text: text.slice(start, end), line: tokenLine, firstLine });
      if (pieces.length > limits.policies) {
        return { ok: false, line, message: `more than ${String(limits.policies)} policies; split the set` };
      }
      start = end;
      [firstLine, tokenLine, depth, ifs] = [line, 0, 0, 0];
    } else if (token.startsWith('"')) {
      if (token.length === 1) return { ok: false, line, message: "a string is not closed; end it with `\"`" };
      for (const char of token) if (char === "\n") line += 1;
    }
    if (depth + ifs > limits.nesting) {
      return { ok: false, line, message: `nested more than ${String(limits.nesting)} deep; use several \`when\` clauses` };
    }
  }
  return { ok: true, pieces, rest: text.slice(start) };
}
