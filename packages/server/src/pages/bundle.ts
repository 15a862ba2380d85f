import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/** Unbuilt, the page's modules are TypeScript; published, they are JavaScript under the same names. */
const UNBUILT = import.meta.url.endsWith(".ts");
const IMPORT = /^import [^;]*? from "\.\/([\w-]+\.m?[jt]s)";$/gm;

/**
 * One script out of `client/<entry>.mts` and the modules that it imports, each before those that need it, in one scope. There is no
 * build step: the sources keep to what this needs (tests): no name twice, no renamed import, no text over several lines, no template within a template.
 */
export function bundle(entry: string): string {
  const done = new Map<string, string>();
  const add = (file: string): void => {
    if (done.has(file)) return;
    done.set(file, "");
    const text = moduleText(file);
    for (const [, imported] of text.matchAll(IMPORT)) if (imported !== undefined) add(imported);
    done.delete(file);
    done.set(file, compactScript(text));
  };
  add(`${entry}.m${UNBUILT ? "ts" : "js"}`);
  return `${[...done.values()].join("\n")}\n`;
}

function moduleText(file: string): string {
  const text = readFileSync(new URL(`client/${file}`, import.meta.url), "utf8");
  return UNBUILT ? withoutTypes(text) : text;
}

/** Node says at the first use that stripping is experimental: that is known here, and nothing for the person who starts the server. */
function withoutTypes(text: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Imports and `export` go, so do comments, indentation and the room that types leave; texts and patterns stay as they are. */
function compactScript(text: string): string {
  const bare = text
    .replace(IMPORT, "")
    .replace(/^\s*\/\*\*[\s\S]*?\*\/$/gm, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/^export /gm, "");
  const kept = /("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/(?![/*\s])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)/;
  const pieces = bare.split(kept).map((piece, index) => (index % 2 === 1 ? piece : withoutRoom(piece)));
  return pieces.join("").trim();
}

function withoutRoom(code: string): string {
  return code.replace(/\s+/g, " ").replace(/ ?([{}()[\];,=<>+?:&|!]) ?/g, "$1");
}

export function compactStyle(): string {
  return readFileSync(new URL("style.css", import.meta.url), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,>]) ?/g, "$1")
    .replace(/: /g, ":")
    .replaceAll(";}", "}")
    .trim();
}
