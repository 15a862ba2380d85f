import { type Effect, graver } from "@countersign/core";

/** Hints of an MCP tool definition. They count only from a definition that was accepted (its pin was signed). */
export interface ToolAnnotations {
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
  readonly openWorldHint?: boolean | undefined;
}

const WORDS: readonly (readonly [Effect, readonly string[]])[] = [
  ["destructive", ["delete", "drop", "remove", "destroy", "truncate", "purge", "revoke", "kill", "wipe"]],
  ["external", ["send", "publish", "post", "pay", "transfer", "email"]],
  ["write", ["write", "create", "update", "edit", "set", "move", "add", "insert", "upsert"]],
];

/**
 * What a tool does to the world (design 5.1): the administrator's word if there is one, else the graver of its annotations and of the
 * words in its name; without annotations `unknown`.
 */
export function effectOfTool(
  effects: Readonly<Record<string, Effect>>,
  annotations: ToolAnnotations | null,
  tool: string,
): Effect {
  const classified = Object.hasOwn(effects, tool) ? effects[tool] : undefined;
  if (classified !== undefined) return classified;
  return annotations === null ? "unknown" : graver(effectOfAnnotations(annotations), effectOfName(tool));
}

const READING = ["get", "list", "read", "search", "find", "show", "describe", "view", "count"];

/**
 * A first word on what a tool does, for a person to correct before they sign it: what its annotations say, else what its name says for
 * certain, else `unknown`.
 */
export function guessEffect(annotations: ToolAnnotations | null, tool: string): Effect {
  if (annotations !== null && Object.keys(annotations).some((hint) => HINTS.has(hint))) {
    return effectOfTool({}, annotations, tool);
  }
  const said = effectOfName(tool);
  if (said !== "read") return said;
  return READING.includes(wordsOf(tool)[0] ?? "") ? "read" : "unknown";
}

const HINTS: ReadonlySet<string> = new Set(["readOnlyHint", "destructiveHint"]);

function effectOfAnnotations(annotations: ToolAnnotations): Effect {
  if (annotations.readOnlyHint === true) return "read";
  if (annotations.destructiveHint !== false) return "destructive";
  return annotations.openWorldHint === true ? "external" : "write";
}

function effectOfName(tool: string): Effect {
  const words = new Set(wordsOf(tool));
  return WORDS.find(([, known]) => known.some((word) => words.has(word)))?.[0] ?? "read";
}

function wordsOf(tool: string): string[] {
  return tool
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "");
}
