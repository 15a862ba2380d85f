import { type Grant, type Limits, canonicalJson } from "@countersign/core";
import { html, type Html } from "../html.ts";
import { limitWords } from "./limit-words.ts";
import { shownText } from "../shown-text.ts";

/**
 * What grants allow, a line for each action: `any tool of notes: on the server itself, on files in and below /srv`. A pattern without
 * words of its own stands there as it is signed. The words never say less than the patterns allow.
 */
export function grantWords(grants: readonly Grant[]): readonly Html[] {
  const byAction = Map.groupBy(grants, ({ action, limits }) => canonicalJson([action, limits ?? {}]));
  return [...byAction.values()].map((some) => {
    const { action = "", limits = {} } = some[0] ?? {};
    const hands = /^tool:[^/*]+\/\*\*$/.test(action);
    const resources = [...new Set(some.map(({ resource }) => resource))];
    if (hands && resources.includes("**"))
      return html`its own shell, edits and fetches, anywhere: each is judged before it is done`;
    const where = listed(resourceWords(resources, serverOf(action)));
    const what = hands ? html`its own shell, edits and fetches` : actionWords(action);
    return html`${what}: ${where}${atMost(limits)}`;
  });
}

function atMost(limits: Limits): Html {
  const words = limitWords(limits);
  return words.length === 0 ? html`` : html`; at most ${words.join(", ")}`;
}

const STATEMENTS: Readonly<Record<string, string>> = {
  "*": "any statement",
  "**": "any statement",
  read: "statements that read",
  write: "statements that add or change rows",
  destructive: "statements that destroy",
};

function actionWords(action: string): Html {
  if (action === "mcp:*/*" || action === "mcp:*/**" || action === "mcp:**") return html`any tool of any server`;
  return statementWords(action) ?? toolWords(action) ?? code(action);
}

function statementWords(action: string): Html | null {
  const [, database, effect = ""] = /^sql:([^/*]+)\/(.+)$/.exec(action) ?? [];
  const statements = Object.hasOwn(STATEMENTS, effect) ? STATEMENTS[effect] : undefined;
  return database === undefined || statements === undefined ? null : html`${statements} in ${code(database)}`;
}

function toolWords(action: string): Html | null {
  const [, server, kind, tool] = /^mcp:([^/#*]+)([/#])(.+)$/.exec(action) ?? [];
  if (server === undefined || tool === undefined) return null;
  if (kind === "#") return tool === "**" ? html`resources, prompts and completions of ${code(server)}` : null;
  if (tool === "*" || tool === "**") return html`any tool of ${code(server)}`;
  return html`${tool.includes("*") ? "tools named" : "the tool"} ${code(tool)} of ${code(server)}`;
}

function serverOf(action: string): string | null {
  return /^mcp:([^/#*]+)[/#]/.exec(action)?.[1] ?? null;
}

function resourceWords(resources: readonly string[], server: string | null): readonly Html[] {
  if (resources.includes("**")) return [html`on anything`];
  const all = new Set(resources);
  const web = all.has("https://**") && all.has("http://**");
  const words = resources.flatMap((resource): readonly Html[] => {
    if (server !== null && resource === `mcp:${server}`) return [html`on the server itself`];
    if (web && resource === "https://**") return [html`at any web address`];
    if (web && resource === "http://**") return [];
    return fileWords(resource, all) ?? [html`on ${code(resource)}`];
  });
  return words;
}

/** Null: it names no files in a way that has words. A folder that is granted with all below it is one line. */
function fileWords(resource: string, all: ReadonlySet<string>): readonly Html[] | null {
  if (resource === "file:**" || resource === "file:/**") return [html`on any file`];
  const below = /^(file:(\/[^*]+))\/\*\*$/.exec(resource);
  if (below?.[1] !== undefined && below[2] !== undefined)
    return [html`on files ${all.has(below[1]) ? "in and below" : "below"} ${code(below[2])}`];
  const one = /^file:(\/[^*]*)$/.exec(resource)?.[1];
  if (one === undefined) return null;
  return all.has(`${resource.replace(/\/$/, "")}/**`) ? [] : [html`on the file ${code(one)}`];
}

function listed(words: readonly Html[]): Html {
  return html`${words.map((word, at) => html`${at > 0 && ", "}${word}`)}`;
}

function code(text: string): Html {
  return html`<code>${shownText(text)}</code>`;
}
