import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { type Effect, type Grant, type Json, type JsonObject, isJsonObject } from "@countersign/core";
import type { InspectedTool } from "@countersign/gateway";
import { guessEffect } from "@countersign/policy";
import type { KnownServer } from "./known-server.ts";

/** A tool with what it is taken to do. All of it is shown and signed; nothing of it is decided later. */
export interface JudgedTool {
  readonly name: string;
  /** Hash of its definition: what is accepted. */
  readonly hash: string;
  readonly effect: Effect;
  /** Resource mapping (`file:{path}`), or null: then its resource is the server itself. */
  readonly resource: string | null;
}
/** What a person said about single tools. */
export interface Corrections {
  readonly effects: ReadonlyMap<string, Effect>;
  readonly resources: ReadonlyMap<string, string>;
}

export const NO_CORRECTIONS: Corrections = { effects: new Map(), resources: new Map() };
const PATHS = ["path", "file_path", "filepath", "filePath", "absolute_path", "absolutePath"];
/** Arguments that name a second path, or many: a mapping to one of them would hide the others. */
const MORE_PATHS = /^(paths|files|source|destination|src|dst|dest|from|to|target|new_?path|old_?path)$/i;
const ADDRESSES = ["url", "uri"];

/** Judges each tool by its annotations, the words of its name and the names of its arguments; a person's word goes before. */
export function judgeTools(
  tools: readonly InspectedTool[],
  server: KnownServer,
  corrections: Corrections,
): readonly JudgedTool[] {
  const takesPaths = rootsOf(server).length > 0;
  return tools.map(({ name, hash, annotations, definition }) => ({
    name,
    hash,
    effect: corrections.effects.get(name) ?? guessEffect(annotations, name),
    resource: corrections.resources.get(name) ?? guessResource(definition, takesPaths),
  }));
}

/** The mapping of a tool that names exactly one file or address by an argument that it always has; else null. */
export function guessResource(definition: JsonObject, takesPaths: boolean): string | null {
  const schema = definition["inputSchema"];
  const properties = isJsonObject(schema) ? schema["properties"] : undefined;
  if (!isJsonObject(schema) || !isJsonObject(properties)) return null;
  const names = Object.keys(properties);
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly Json[]) : [];
  const sure = (name: string): boolean => required.includes(name) && isText(properties[name]);
  const paths = names.filter((name) => PATHS.includes(name));
  const addresses = names.filter((name) => ADDRESSES.includes(name));
  if (names.some((name) => MORE_PATHS.test(name)) || paths.length + addresses.length !== 1) return null;
  const [path] = paths;
  // A server that was told its folders takes absolute paths below them; others may mean a path of their own.
  if (path !== undefined) return takesPaths && sure(path) ? `file:{${path}}` : null;
  const [address] = addresses;
  return address !== undefined && sure(address) ? `{${address}}` : null;
}

function isText(property: Json | undefined): boolean {
  return isJsonObject(property) && property["type"] === "string";
}

/** Folders that a program is told in its command line: what it may work on. */
export function rootsOf({ reach }: KnownServer): readonly string[] {
  if ("url" in reach) return [];
  return reach.command.slice(1).filter((word) => isAbsolute(word) && isFolder(word));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What an agent needs to use a server: its tools on the server itself, in its folders, and at addresses where tools take them. */
export function grantsFor(server: KnownServer, tools: readonly JudgedTool[], upstream: string): readonly Grant[] {
  const action = `mcp:${upstream}/**`;
  const mapped = (scheme: string): boolean => tools.some(({ resource }) => resource?.startsWith(scheme) === true);
  const folders = mapped("file:") ? rootsOf(server).map((root) => root.replace(/\/+$/, "")) : [];
  const resources = [
    `mcp:${upstream}`,
    ...folders.flatMap((root) => [`file:${root === "" ? "/" : root}`, `file:${root}/**`]),
    ...(mapped("{") ? ["https://**", "http://**"] : []),
  ];
  return [
    ...resources.map((resource) => ({ action, resource })),
    // Its resources, prompts and completions: what they read is named by the server.
    { action: `mcp:${upstream}#**`, resource: "**" },
  ];
}

/** The terms that follow, in the form of `countersign.yaml`, and the definitions that are accepted. */
export function judgedTerms(tools: readonly JudgedTool[]): {
  readonly effects: Record<string, string>;
  readonly resources: Record<string, string>;
  readonly pins: Record<string, string>;
} {
  return {
    effects: Object.fromEntries(tools.map(({ name, effect }) => [name, effect])),
    resources: Object.fromEntries(tools.flatMap(({ name, resource }) => (resource === null ? [] : [[name, resource]]))),
    pins: Object.fromEntries(tools.map(({ name, hash }) => [name, hash])),
  };
}
