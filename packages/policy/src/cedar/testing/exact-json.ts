/** `JSON.parse` in which an integer that a double does not carry is a bigint. @throws SyntaxError */
export function parseExactJson(text: string): unknown {
  return parse(text, exactly);
}

/** Runs `work` while `JSON.parse` reads integers exactly: cedar-wasm hands its answers over as text and reads them itself. */
export function withExactJson<T>(work: () => T): T {
  JSON.parse = (text: string) => parseExactJson(text);
  try {
    return work();
  } finally {
    JSON.parse = parse;
  }
}

const { parse } = JSON;
const INTEGER = /^-?[0-9]+$/;

/** `source`: the text of a primitive (ECMAScript 2026). */
function exactly(_name: string, value: unknown, { source = "" }: { readonly source?: string } = {}): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !INTEGER.test(source)) return value;
  return BigInt(source);
}
