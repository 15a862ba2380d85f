import { type Json, isJsonObject } from "@countersign/core";
import { isSecretName, looksSecret } from "./secret-shape.ts";

/** Takes the secrets out of a line. */
export type Mask = (line: string) => string;

/** Below these keys every text counts as a secret: environments and headers. */
const HOLDERS = /^(env|envs|environment|headers|http_headers)$/i;
const MASKED = "••••";

/** Masks every text of the document that may be a secret, wherever it stands in a line. In doubt it is one. */
export function maskOf(document: Json): Mask {
  const secrets = new Set<string>();
  collect(document, false, secrets);
  const pieces = [...secrets].flatMap((text) => text.split(/\r?\n/).map((line) => line.trim()));
  const long = pieces.filter((piece) => piece.length >= 4).flatMap((piece) => [piece, escaped(piece)]);
  const short = [...secrets]
    .filter((text) => text.length < 4)
    .flatMap((text) => [`"${text}"`, `'${text}'`, `: ${text}`]);
  const all = [...new Set([...long, ...short])].toSorted((a, b) => b.length - a.length);
  return (line) => all.reduce((text, secret) => text.replaceAll(secret, MASKED), line);
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function collect(value: Json, held: boolean, into: Set<string>): void {
  if (typeof value === "string" && value !== "" && (held || looksSecret(value))) into.add(value);
  if (held && typeof value === "number") into.add(String(value));
  if (Array.isArray(value)) collectList(value, held, into);
  if (!isJsonObject(value)) return;
  for (const [key, member] of Object.entries(value))
    collect(member, held || HOLDERS.test(key) || isSecretName(key), into);
}

/** What follows a flag such as `--api-key` is a secret too. */
function collectList(list: readonly Json[], held: boolean, into: Set<string>): void {
  for (const [index, item] of list.entries()) {
    const flag = list[index - 1];
    collect(item, held || (typeof flag === "string" && flag.startsWith("-") && isSecretName(flag)), into);
  }
}
