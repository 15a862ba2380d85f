import type { Json } from "./json.ts";

export interface JsonLimits {
  /** Most bytes of UTF-8 text that are read at all. */
  readonly sizeBytes: number;
  /** Most nested arrays and objects. */
  readonly depth: number;
}
export type JsonFault =
  | "input.too_large"
  | "input.too_deep"
  | "input.duplicate_key"
  | "input.invalid_json"
  | "input.number_not_exact";
export type ParsedJson = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly code: JsonFault };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses JSON that comes from outside, strictly: RFC 8259 grammar, UTF-8, no duplicate keys, no lone surrogates, bounded size
 * and depth, and only numbers that survive a round trip through an IEEE double (design 5.1).
 * Never throws: every refusal is one of the `input.*` codes.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits): ParsedJson {
  if (input.length > limits.sizeBytes) return { ok: false, code: "input.too_large" };
  let text: string;
  if (typeof input === "string") {
    text = input;
  } else {
    try {
      text = decoder.decode(input);
    } catch {
      return { ok: false, code: "input.invalid_json" };
    }
  }
  const reader = new Reader(text, limits.depth);
  try {
    return { ok: true, value: reader.document() };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, code: error.code };
    throw error;
  }
}

class Fault {
  readonly code: JsonFault;
  constructor(code: JsonFault) {
    this.code = code;
  }
}
const invalid = (): Fault => new Fault("input.invalid_json");

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly maxDepth: number;

  constructor(text: string, maxDepth: number) {
    this.text = text;
    this.maxDepth = maxDepth;
  }

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at !== this.text.length) throw invalid();
    return value;
  }

  private value(depth: number): Json {
    this.space();
    const char = this.text[this.at];
    if (char === "{") return this.object(depth + 1);
    if (char === "[") return this.array(depth + 1);
    if (char === '"') return this.string();
    if (char === "t") return this.literal("true", true);
    if (char === "f") return this.literal("false", false);
    if (char === "n") return this.literal("null", null);
    return this.number();
  }

  private object(depth: number): Json {
    if (depth > this.maxDepth) throw new Fault("input.too_deep");
    const out: Record<string, Json> = Object.create(null) as Record<string, Json>;
    this.at += 1;
    this.space();
    if (this.skip("}")) return out;
    do {
      this.space();
      if (this.text[this.at] !== '"') throw invalid();
      const key = this.string();
      if (key in out) throw new Fault("input.duplicate_key");
      this.space();
      if (!this.skip(":")) throw invalid();
      out[key] = this.value(depth);
      this.space();
    } while (this.skip(","));
    if (!this.skip("}")) throw invalid();
    return out;
  }

  private array(depth: number): Json {
    if (depth > this.maxDepth) throw new Fault("input.too_deep");
    const out: Json[] = [];
    this.at += 1;
    this.space();
    if (this.skip("]")) return out;
    do {
      out.push(this.value(depth));
      this.space();
    } while (this.skip(","));
    if (!this.skip("]")) throw invalid();
    return out;
  }

  private string(): string {
    this.at += 1;
    let out = "";
    for (;;) {
      out += this.take(PLAIN);
      const char = this.text[this.at];
      this.at += 1;
      if (char === '"') break;
      if (char !== "\\") throw invalid();
      out += this.escape();
    }
    if (!out.isWellFormed()) throw invalid();
    return out;
  }

  private escape(): string {
    const char = this.text[this.at] ?? "";
    this.at += 1;
    if (char === "u") {
      const digits = this.take(HEX);
      if (digits === "") throw invalid();
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
    if (plain === undefined) throw invalid();
    return plain;
  }

  private number(): number {
    const text = this.take(NUMBER);
    if (text === "") throw invalid();
    const value = Number(text);
    const printed = String(value);
    if (printed !== text && (!Number.isFinite(value) || decimal(text) !== decimal(printed))) {
      throw new Fault("input.number_not_exact");
    }
    return value;
  }

  private literal<T extends Json>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw invalid();
    this.at += word.length;
    return value;
  }

  private skip(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private space(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char !== " " && char !== "\n" && char !== "\r" && char !== "\t") return;
      this.at += 1;
    }
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }
}

/** `digits e exponent` of a decimal literal without leading or trailing zeros: equal text means equal value. */
function decimal(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return "0";
  const power = Number(exponent) - fraction.length + (digits.length - trimmed.length);
  return power === 0 ? `${sign}${trimmed}` : `${sign}${trimmed}e${String(power)}`;
}
