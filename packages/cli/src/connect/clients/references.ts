import { basename } from "node:path";
import type { SecretRef } from "@countersign/core";
import type { References, Surroundings } from "./client.ts";

export type Expanded =
  | {
      readonly ok: true;
      /** Set when the whole text is one reference. */ readonly ref: SecretRef | null;
      readonly text: string;
    }
  | { readonly ok: false; /** One clause that goes behind a name. */ readonly trouble: string };

/** One reference, by dialect: the name is group 1, a default (where there is one) group 2. */
const PATTERNS: Readonly<Record<References, RegExp | null>> = {
  // ${NAME}, ${NAME:-default}
  "dollar-brace": /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
  // $NAME, ${NAME}, ${NAME:-default}
  dollar: /\$(?:\{([A-Za-z_]\w*)(?::-([^}]*))?\}|([A-Za-z_]\w*))/g,
  // ${env:NAME}, ${workspaceFolder}, ${input:id}
  "env-colon": /\$\{([A-Za-z]+(?::[^}]*)?)\}/g,
  // {env:NAME}, {file:path}
  "brace-env": /\{((?:env|file):[^}]+)\}/g,
  none: null,
};

interface Within {
  readonly around: Surroundings;
  readonly references: References;
}

/** Resolves the references of a text as the client would. A text that is one reference to a secret stays a reference. */
export function expand(text: string, { around, references }: Within): Expanded {
  const pattern = PATTERNS[references];
  const found = pattern === null ? [] : [...text.matchAll(pattern)];
  if (found.length === 0) return { ok: true, ref: null, text };
  const [only] = found;
  if (only !== undefined && only[0] === text && only[2] === undefined) {
    const ref = asSecret(nameOf(only));
    if (ref !== null) return { ok: true, ref, text };
  }
  let out = "";
  let at = 0;
  for (const match of found) {
    const value = valueOf(nameOf(match), around) ?? match[2];
    if (value === undefined)
      return { ok: false, trouble: `names \`${match[0]}\`, which has no value here; set it and run the command again` };
    out += text.slice(at, match.index) + value;
    at = match.index + match[0].length;
  }
  return { ok: true, ref: null, text: out + text.slice(at) };
}

function nameOf(match: RegExpExecArray): string {
  return match[1] ?? match[3] ?? "";
}

/** References that Countersign can resolve itself, at the moment of use. */
function asSecret(name: string): SecretRef | null {
  const [, kind, rest = ""] = /^(env|file):(.+)$/.exec(name) ?? [];
  if (kind === "env") return { fromEnv: rest };
  if (kind === "file") return rest.startsWith("/") ? { fromFile: rest } : null;
  return /^[A-Za-z_]\w*$/.test(name) && !PLACES.has(name) ? { fromEnv: name } : null;
}

const PLACES = new Set(["workspaceFolder", "workspaceFolderBasename", "userHome", "pathSeparator", "cwd"]);

function valueOf(name: string, { variables, cwd, home }: Surroundings): string | undefined {
  switch (name) {
    case "workspaceFolder":
    case "cwd":
      return cwd;
    case "workspaceFolderBasename":
      return basename(cwd);
    case "userHome":
      return home;
    case "pathSeparator":
      return "/";
    default:
      return variables[name.replace(/^env:/, "")];
  }
}
