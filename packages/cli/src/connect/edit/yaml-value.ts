import { type Json, isJsonObject } from "@countersign/core";

/** `key: value`; objects on lines of their own, further in by `step`. */
export function yamlPair(key: string, value: Json, { indent, eol }: { indent: string; eol: string }): string {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return `${yamlText(key)}: ${yamlFlow(value)}`;
  const inner = `${indent}  `;
  const lines = Object.entries(value).map(([name, member]) => inner + yamlPair(name, member, { indent: inner, eol }));
  return [`${yamlText(key)}:`, ...lines].join(eol);
}

/** A value on one line: JSON is YAML, but plain words are nicer. */
export function yamlFlow(value: Json): string {
  if (typeof value === "string") return yamlText(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => JSON.stringify(item)).join(", ")}]`;
  return JSON.stringify(value);
}

/** What a YAML reader of any version takes for something else than text. */
const SPECIAL = /^(true|false|null|yes|no|on|off|y|n|nan|inf)$/i;

function yamlText(text: string): string {
  return /^[A-Za-z/][\w./-]*$/.test(text) && !SPECIAL.test(text) ? text : JSON.stringify(text);
}
