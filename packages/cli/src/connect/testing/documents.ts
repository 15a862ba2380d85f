import * as fc from "fast-check";
import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import type { FormatName } from "../edit/formats.ts";
import { tomlKeys, tomlValue } from "../edit/toml-value.ts";

/** Numbers from 0 up to 1 that a seed decides (a linear congruential generator). */
export function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A text of one format, full of comments and odd spacing. Each comment has a number of its own: `c17`. */
type Rendering = (value: Json, chance: () => number) => string;

const name: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "mcpServers",
    "files",
    "a b",
    "x.y",
    "env",
    "command",
    "args",
    "__proto__",
    "toString",
    "ключ",
    "0",
    "on",
  ),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 6 })
    .filter((text) => !/[\u0000-\u001f\u007f\u0085\u2028\u2029\ufeff]/.test(text)),
);
const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom("a // b", "# c", "yes", "null", "{env:X}", "line\nline", 'quote"\\', "it's", ": ", "- a"),
  fc.integer({ min: -1000, max: 1000 }),
  fc.boolean(),
);

/** Objects of objects, lists and plain values, without null (TOML has none). */
export const documents: fc.Arbitrary<{ readonly [key: string]: Json }> = fc.letrec<{
  value: Json;
  object: { [key: string]: Json };
}>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    tie("object"),
    fc.array(leaf, { maxLength: 3 }),
    fc.array(tie("object"), { maxLength: 2 }),
  ),
  object: fc
    .uniqueArray(fc.tuple(name, tie("value")), { maxLength: 4, selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries)),
})).object;

const jsonText: Rendering = (value, chance) => {
  const eol = chance() < 0.3 ? "\r\n" : "\n";
  let comments = 0;
  const space = (): string => {
    const dice = chance();
    if (dice < 0.15) return ` /* c${String((comments += 1))} */ `;
    if (dice < 0.3) return ` // c${String((comments += 1))}${eol}  `;
    if (dice < 0.5) return `${eol}    `;
    return dice < 0.7 ? " " : "";
  };
  const write = (item: Json): string => {
    if (typeof item !== "object" || item === null) return JSON.stringify(item);
    const [open, close] = Array.isArray(item) ? "[]" : "{}";
    const parts = Array.isArray(item)
      ? item.map((inner: Json) => `${space()}${write(inner)}${space()}`)
      : Object.entries(item).map(
          ([key, inner]) => `${space()}${JSON.stringify(key)}${space()}:${space()}${write(inner)}${space()}`,
        );
    const tail = parts.length > 0 && chance() < 0.3 ? "," : "";
    return `${open ?? ""}${parts.join(",")}${tail}${space()}${close ?? ""}`;
  };
  return `${space()}${write(value)}${space()}${chance() < 0.5 ? eol : ""}`;
};

const tomlText: Rendering = (value, chance) => {
  const eol = chance() < 0.3 ? "\r\n" : "\n";
  let comments = 0;
  const lines: string[] = [];
  const comment = (): string => (chance() < 0.3 ? ` # c${String((comments += 1))}` : "");
  const between = (): void => {
    if (chance() < 0.2) lines.push(`# c${String((comments += 1))}`);
    if (chance() < 0.3) lines.push("");
  };
  const pair = (key: string, item: Json): void => {
    between();
    const [only, ...others] = isJsonObject(item) ? Object.entries(item) : [];
    const dotted = only !== undefined && others.length === 0 && chance() < 0.5;
    const [keys, inner] = dotted ? [[key, only[0]], only[1]] : [[key], item];
    const indent = chance() < 0.2 ? "  " : "";
    lines.push(`${indent}${tomlKeys(keys)}${chance() < 0.5 ? " = " : "="}${list(inner)}${comment()}`);
  };
  const table = (object: JsonObject, path: readonly string[]): void => {
    const blocks: [string, Json][] = [];
    for (const [key, item] of Object.entries(object)) {
      if (tablesOf(item).length > 0 && chance() < 0.7) blocks.push([key, item]);
      else pair(key, item);
    }
    for (const [key, item] of blocks) {
      for (const one of tablesOf(item)) {
        between();
        const header = tomlKeys([...path, key]);
        lines.push(`${Array.isArray(item) ? `[[${header}]]` : `[${header}]`}${comment()}`);
        table(one, [...path, key]);
      }
    }
  };
  const list = (item: Json): string => {
    if (!Array.isArray(item) || item.length === 0 || chance() < 0.5) return tomlValue(item) ?? "";
    const items = item.map((one: Json) => `  ${tomlValue(one) ?? ""},${comment()}${eol}`);
    return `[${eol}${items.join("")}]`;
  };
  table(value as JsonObject, []);
  between();
  return lines.join(eol) + (chance() < 0.8 ? eol : "");
};

/** What TOML can write as a table, or as a list of them. */
function tablesOf(item: Json): readonly JsonObject[] {
  if (isJsonObject(item)) return [item];
  const tables = Array.isArray(item) ? (item as readonly Json[]).filter(isJsonObject) : [];
  return Array.isArray(item) && tables.length === item.length ? tables : [];
}

const yamlText: Rendering = (value, chance) => {
  const eol = chance() < 0.3 ? "\r\n" : "\n";
  let comments = 0;
  const lines: string[] = [];
  const comment = (): string => (chance() < 0.3 ? ` # c${String((comments += 1))}` : "");
  const pair = (head: string, item: Json, indent: string): void => {
    if (typeof item !== "object" || Object.keys(item ?? {}).length === 0 || chance() < 0.25) {
      lines.push(`${head} ${JSON.stringify(item)}${comment()}`);
    } else if (isJsonObject(item)) {
      lines.push(head + comment());
      write(item, `${indent}${chance() < 0.5 ? "  " : "    "}`);
    } else {
      const inner = chance() < 0.5 ? indent : `${indent}  `;
      const items = item as readonly Json[];
      lines.push(head + comment(), ...items.map((one) => `${inner}- ${JSON.stringify(one)}${comment()}`));
    }
  };
  const write = (object: JsonObject, indent: string): void => {
    for (const [key, item] of Object.entries(object)) {
      if (chance() < 0.2) lines.push(`${indent}# c${String((comments += 1))}`);
      if (chance() < 0.2) lines.push("");
      pair(`${indent}${JSON.stringify(key)}:`, item, indent);
    }
  };
  write(value as JsonObject, "");
  return lines.join(eol) + (chance() < 0.8 ? eol : "");
};

export const RENDERINGS: Readonly<Record<FormatName, Rendering>> = { json: jsonText, toml: tomlText, yaml: yamlText };
