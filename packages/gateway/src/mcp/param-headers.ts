import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";

/** One argument that a tool wants mirrored in a header (`x-mcp-header`, MCP 2026-07-28). */
export interface MirroredParam {
  /** Names of nested members of the arguments. */
  readonly path: readonly string[];
  /** The whole header name, lower case. */
  readonly header: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const MAX_DEPTH = 16;

const NONE: readonly MirroredParam[] = [];
const known = new WeakMap<object, readonly MirroredParam[]>();

/** The mirrored arguments of a tool, by its input schema. Declarations that have not the required form are passed over. */
export function mirroredParams(inputSchema: Json | undefined): readonly MirroredParam[] {
  if (!isJsonObject(inputSchema)) return NONE;
  const before = known.get(inputSchema);
  if (before !== undefined) return before;
  const found: MirroredParam[] = [];
  collect(inputSchema, [], found);
  known.set(inputSchema, found);
  return found;
}

function collect(schema: Json | undefined, path: readonly string[], found: MirroredParam[]): void {
  if (!isJsonObject(schema) || path.length > MAX_DEPTH) return;
  const name = schema["x-mcp-header"];
  if (path.length > 0 && typeof name === "string" && TOKEN.test(name))
    found.push({ path, header: `mcp-param-${name.toLowerCase()}` });
  const { properties } = schema;
  if (!isJsonObject(properties)) return;
  for (const [key, child] of Object.entries(properties)) collect(child, [...path, key], found);
}

/** The headers that a request with these arguments must carry. */
export function paramHeaders(params: readonly MirroredParam[], args: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    params.flatMap(({ path, header }) => {
      const text = textOf(valueAt(args, path));
      return text === null ? [] : [[header, encodeHeaderValue(text)]];
    }),
  );
}

/** The first header that does not say what the arguments say; null when all agree. */
export function paramMismatch(
  params: readonly MirroredParam[],
  args: JsonObject,
  header: (name: string) => string | undefined,
): string | null {
  for (const param of params) {
    const expected = textOf(valueAt(args, param.path));
    const given = header(param.header);
    const said = given === undefined ? null : decodeHeaderValue(given);
    if (given === undefined ? expected !== null : said !== expected) return param.header;
  }
  return null;
}

function valueAt(args: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = args;
  for (const key of path) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

function textOf(value: Json | undefined): string | null {
  if (typeof value === "string") return value;
  return typeof value === "boolean" || typeof value === "number" ? String(value) : null;
}
