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
const SPACE = /^(?:[ \t\r]|\/\/)/;
const NESTING: Readonly<Record<string, number>> = { "(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1 };

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
  let open: OpenPolicy = { firstLine: 1, line: 0, depth: 0, ifs: 0 };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (!SPACE.test(token) && token !== "\n") {
      open = extended(open, token, line);
      if (token === '"') return refuse(line, 'a string is not closed; end it with `"`');
      if (open.depth + open.ifs > limits.nesting) {
        return refuse(line, `nested more than ${String(limits.nesting)} deep; use several \`when\` clauses`);
      }
    }
    line += lineBreaks(token);
    if (token !== ";") continue;
    if (pieces.length === limits.policies) {
      return refuse(line, `more than ${String(limits.policies)} policies; split the set`);
    }
    pieces.push({ text: text.slice(start, index + 1), line: open.line, firstLine: open.firstLine });
    start = index + 1;
    open = { firstLine: line, line: 0, depth: 0, ifs: 0 };
  }
  return { ok: true, pieces, rest: text.slice(start) };
}

interface OpenPolicy {
  readonly firstLine: number;
  /** 0 until the first token was seen. */
  readonly line: number;
  readonly depth: number;
  readonly ifs: number;
}

function extended(open: OpenPolicy, token: string, line: number): OpenPolicy {
  const nesting = Object.hasOwn(NESTING, token) ? (NESTING[token] ?? 0) : 0;
  return {
    firstLine: open.firstLine,
    line: open.line === 0 ? line : open.line,
    depth: Math.max(0, open.depth + nesting),
    ifs: open.ifs + (token === "if" ? 1 : 0),
  };
}

function lineBreaks(token: string): number {
  let count = 0;
  for (let at = token.indexOf("\n"); at !== -1; at = token.indexOf("\n", at + 1)) count += 1;
  return count;
}

function refuse(line: number, message: string): SplitText {
  return { ok: false, message, line };
}
