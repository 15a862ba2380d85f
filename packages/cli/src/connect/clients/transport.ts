import { isAbsolute, join } from "node:path";
import type { Json } from "@countersign/core";
import { isSecretName, looksSecret } from "../edit/secret-shape.ts";
import type { Entry, References, Setting, Surroundings, Transport } from "./client.ts";
import { expand } from "./references.ts";

export interface Reading {
  readonly around: Surroundings;
  readonly references: References;
}
export type ReadTransport =
  | { readonly ok: true; readonly transport: Transport }
  | { readonly ok: false; /** One clause for the person, without secrets. */ readonly trouble: string };

/** What the client starts or calls, with every secret apart. Not ok when it cannot be carried over as it is. */
export function transportOf(entry: Entry, reading: Reading): ReadTransport {
  if (entry.trouble !== null) return { ok: false, trouble: entry.trouble };
  try {
    return {
      ok: true,
      transport: entry.command === null ? http(entry, reading) : stdio(entry.command, entry, reading),
    };
  } catch (error) {
    if (error instanceof Trouble) return { ok: false, trouble: error.message };
    throw error;
  }
}

/** Names what a person has to change; never leaves this file. */
class Trouble extends Error {}

function stdio(command: string, entry: Entry, reading: Reading): Transport {
  const args = entry.args.map((arg) => clear(arg, reading));
  for (const [index, arg] of args.entries()) {
    const before = args[index - 1] ?? "";
    const named = before.startsWith("-") && !arg.startsWith("-") && isSecretName(before);
    if (named || looksSecret(arg) || isNamedSecret(arg)) {
      throw new Trouble(`argument ${String(index + 1)} looks like a secret; give it to the server in its environment`);
    }
  }
  const cwd = entry.cwd === null ? null : clear(entry.cwd, reading);
  const env = { ...settings(entry.env, reading), ...referred(entry.forwarded) };
  const folder = cwd === null || isAbsolute(cwd) ? cwd : join(reading.around.cwd, cwd);
  return { kind: "stdio", command: clear(command, reading), args, env, cwd: folder };
}

/** `--token=…`, `TOKEN=…`, `Authorization: …` */
function isNamedSecret(arg: string): boolean {
  const [, name = "", value = ""] = /^(?:--?)?([\w.-]+)(?:=|:\s*)(.+)$/s.exec(arg) ?? [];
  return value !== "" && isSecretName(name) && !/^(true|false|\d{1,4})$/.test(value);
}

function http(entry: Entry, reading: Reading): Transport {
  const url = clear(entry.url ?? "", reading);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Trouble("its address is not an http address");
  if (looksSecret(url)) throw new Trouble("its address holds a secret; send it in a header");
  const name = Object.keys(entry.headers).find((key) => key.toLowerCase() === "authorization");
  const named = entry.bearerVariable === null ? null : fromVariable(entry.bearerVariable);
  const bearer = named ?? (name === undefined ? null : bearerOf(entry.headers[name], reading));
  const rest = Object.entries(entry.headers).filter(([key]) => bearer === null || key !== name);
  const headers = { ...settings(Object.fromEntries(rest), reading), ...referred(entry.forwardedHeaders) };
  return { kind: "http", url, bearer, headers };
}

/** `Bearer X`: the token alone, so that a reference stays a reference. */
function bearerOf(value: Json | undefined, reading: Reading): Setting | null {
  const token = typeof value === "string" ? /^bearer +(\S.*)$/i.exec(value)?.[1] : undefined;
  return token === undefined ? null : setting("bearer", token, reading);
}

function settings(values: Readonly<Record<string, Json>>, reading: Reading): Record<string, Setting> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === null || typeof value === "object" ? [] : [[name, setting(name, String(value), reading)]],
    ),
  );
}

function setting(name: string, text: string, reading: Reading): Setting {
  const read = expand(text, reading);
  if (!read.ok) throw new Trouble(`\`${name}\` ${read.trouble}`);
  if (read.ref !== null) return { kind: "reference", ref: read.ref };
  if (read.text === text && isHarmless(name, text)) return { kind: "plain", text };
  return { kind: "secret", sealed: { reveal: () => read.text } };
}

/** Variables that make a program load code: whoever signs must see what they say. */
const LOADS_CODE =
  /^(NODE_OPTIONS|LD_(PRELOAD|LIBRARY_PATH|AUDIT)|DYLD_\w+|PYTHON(PATH|STARTUP|HOME)|PATH|RUBYOPT|PERL5OPT|BASH_ENV|ENV)$/;

/** Only what is plainly no secret is shown: a switch, a number, a word, a path, an address without a secret. In doubt it is one. */
function isHarmless(name: string, text: string): boolean {
  if (LOADS_CODE.test(name)) return true;
  if (isSecretName(name) || /key|pass|pat$|dsn/i.test(name) || looksSecret(text)) return false;
  return /^(true|false|\d{1,6}|[A-Za-z]{1,12}|(~|\.{1,2})?\/[\w@./ -]*|https?:\/\/[\w.:-]+(\/[\w./-]*)?)$/.test(text);
}

function referred(variables: Readonly<Record<string, string>>): Record<string, Setting> {
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, fromVariable(variable)]));
}

function fromVariable(name: string): Setting {
  return { kind: "reference", ref: { fromEnv: name } };
}

/** A text in which no secret belongs, its references resolved. */
function clear(text: string, reading: Reading): string {
  const read = expand(text, reading);
  if (!read.ok) throw new Trouble(read.trouble);
  if (read.ref === null) return read.text;
  const variable = "fromEnv" in read.ref ? read.ref.fromEnv : null;
  const value = variable === null ? undefined : reading.around.variables[variable];
  if (value === undefined)
    throw new Trouble(
      `names the variable \`${variable ?? "?"}\`, which is not set here; set it and run the command again`,
    );
  if (isSecretName(variable ?? ""))
    throw new Trouble(
      `puts the secret \`${variable ?? "?"}\` on its command line; give it to the server in its environment`,
    );
  return value;
}
