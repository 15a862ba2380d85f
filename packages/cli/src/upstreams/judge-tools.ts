import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import {
  type Effect,
  type Grant,
  type Json,
  type JsonObject,
  type ResourceMapping,
  isJsonObject,
  parseMapping,
  textsOf,
} from "@countersign/core";
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
  readonly resource: ResourceMapping | null;
}
/** What a person said about single tools. */
export interface Corrections {
  readonly effects: ReadonlyMap<string, Effect>;
  readonly resources: ReadonlyMap<string, ResourceMapping>;
}

export const NO_CORRECTIONS: Corrections = { effects: new Map(), resources: new Map() };
const PATHS = ["path", "file_path", "filepath", "filePath", "absolute_path", "absolutePath"];
/** Arguments that name one of two paths: both or none. */
const PAIRS = [
  ["source", "destination"],
  ["src", "dst"],
  ["src", "dest"],
  ["from", "to"],
  ["source_path", "destination_path"],
  ["sourcePath", "destinationPath"],
  ["old_path", "new_path"],
  ["oldPath", "newPath"],
] as const;
const LISTS = ["paths", "files", "file_paths", "filePaths"];
/** Arguments that look as if they named a path: a mapping without one of them would hide it. */
const PATH_LIKE =
  /^((abs(olute)?|source|dest(ination)?|target|old|new|file)_?paths?|paths?|files|source|destination|src|dst|dest|from|to|target)$/i;
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

/** The mapping of a tool all of whose files or addresses are named by arguments that it always has; else null. */
export function guessResource(definition: JsonObject, takesPaths: boolean): ResourceMapping | null {
  const schema = definition["inputSchema"];
  const properties = isJsonObject(schema) ? schema["properties"] : undefined;
  if (!isJsonObject(schema) || !isJsonObject(properties)) return null;
  const names = Object.keys(properties);
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly Json[]) : [];
  const sure = Object.fromEntries(Object.entries(properties).filter(([name]) => required.includes(name)));
  const paths = names.filter((name) => PATH_LIKE.test(name));
  const [address, second] = names.filter((name) => ADDRESSES.includes(name));
  // A server that was told its folders takes absolute paths below them; others may mean a path of their own.
  if (paths.length > 0) return takesPaths && address === undefined ? pathMapping(paths, sure) : null;
  return address !== undefined && second === undefined && isText(sure[address]) ? `{${address}}` : null;
}

/** `sure`: the schemas of the arguments that are always there. One that is in doubt would be hidden by a mapping to the others. */
function pathMapping(paths: readonly string[], sure: JsonObject): ResourceMapping | null {
  const places = paths.map((name) => placeOf(name, paths, sure[name]));
  if (places.includes(null)) return null;
  const parsed = parseMapping(places.map((place) => `file:${place ?? ""}`));
  return parsed.ok ? parsed.mapping : null;
}

/** The place that stands for an argument that names a path, one of a pair, or many; null when it may mean something else. */
function placeOf(name: string, paths: readonly string[], property: Json | undefined): string | null {
  if (LISTS.includes(name)) return isTexts(property) ? `{${name}[]}` : null;
  const paired = PAIRS.some((pair) => pair.some((one) => one === name) && pair.every((one) => paths.includes(one)));
  return isText(property) && (paired || PATHS.includes(name)) ? `{${name}}` : null;
}

function isTexts(property: Json | undefined): boolean {
  return isJsonObject(property) && property["type"] === "array" && isText(property["items"]);
}

function isText(property: Json | undefined): boolean {
  return isJsonObject(property) && property["type"] === "string";
}

/** What a tool acts on, in words for a table. */
export function actsOn({ resource }: Pick<JudgedTool, "resource">): string {
  return resource === null ? "the server itself" : textsOf(resource).join(", ");
}

/** What is to be known of tools without a mapping; nothing where there is none. */
export function unmappedNote(tools: readonly Pick<JudgedTool, "resource">[]): readonly string[] {
  if (tools.every(({ resource }) => resource !== null)) return [];
  return ["the server itself: a stop, a grant or a rule of a file or an address does not see such a call"];
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
  const mapped = (scheme: string): boolean =>
    tools.some(({ resource }) => resource !== null && textsOf(resource).some((text) => text.startsWith(scheme)));
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
  readonly resources: Record<string, ResourceMapping>;
  readonly pins: Record<string, string>;
} {
  return {
    effects: Object.fromEntries(tools.map(({ name, effect }) => [name, effect])),
    resources: Object.fromEntries(tools.flatMap(({ name, resource }) => (resource === null ? [] : [[name, resource]]))),
    pins: Object.fromEntries(tools.map(({ name, hash }) => [name, hash])),
  };
}
