import { createHash } from "node:crypto";
import { type Json, type JsonObject, type McpTerms, canonicalJson, isJsonObject } from "@countersign/core";

/** A tool as an upstream defines it. */
export interface ToolDefinition {
  readonly name: string;
  /** base64url SHA-256 of the canonical form of the whole definition: what an administrator accepts. */
  readonly hash: string;
  readonly definition: JsonObject;
  readonly annotations: JsonObject | null;
}

/** Tool names as MCP allows them (2025-11-25, tool names); others could not be written into an action. */
const NAME = /^[A-Za-z0-9_.\-/]{1,128}$/;

export function isToolName(name: unknown): name is string {
  return typeof name === "string" && NAME.test(name);
}

/** Reads one definition; null when it has no usable name or no input schema. */
export function toolDefinition(value: Json | undefined): ToolDefinition | null {
  if (!isJsonObject(value)) return null;
  const { name, inputSchema, annotations } = value;
  if (!isToolName(name) || !isJsonObject(inputSchema)) return null;
  const hash = createHash("sha256").update(canonicalJson(value), "utf8").digest("base64url");
  return { name, hash, definition: value, annotations: isJsonObject(annotations) ? annotations : null };
}

/** The hash of the definition of that tool which was accepted; undefined when none was. */
export function acceptedHash({ pins }: Pick<McpTerms, "pins">, tool: string): string | undefined {
  return pins !== null && Object.hasOwn(pins, tool) ? pins[tool] : undefined;
}
