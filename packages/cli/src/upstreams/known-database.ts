import { readFile } from "node:fs/promises";
import {
  type JsonObject,
  LIMIT_NAMES,
  type LimitName,
  MASKS,
  type Mask,
  MOST_LIMIT,
  isLoopback,
  readPostgresUrl,
} from "@countersign/core";
import type { Cli } from "../cli.ts";
import { UsageError } from "../command/usage-error.ts";

const NAME = "upstream add";
interface Text<K extends "text" | "texts"> {
  readonly kind: K;
  readonly value: string;
  readonly about: string;
}
interface Switch {
  readonly kind: "switch";
  readonly about: string;
}

/** What only a database takes. */
export const DATABASE_FLAGS: {
  readonly "password-from-env": Text<"text">;
  readonly "password-from-file": Text<"text">;
  readonly ca: Text<"text">;
  readonly plaintext: Switch;
  readonly critical: Text<"texts">;
  readonly mask: Text<"texts">;
  readonly limit: Text<"texts">;
  readonly batched: Switch;
} = {
  "password-from-env": { kind: "text", value: "NAME", about: "the variable with the password of a database's login" },
  "password-from-file": { kind: "text", value: "FILE", about: "the file with it: kept sealed either way" },
  ca: { kind: "text", value: "FILE", about: "PEM of the authorities that the database's certificate may come from" },
  plaintext: { kind: "switch", about: "reach a database of this very machine without TLS" },
  critical: {
    kind: "texts",
    value: "PATTERN",
    about: "a relation that is always held, e.g. 'sql:billing/public.people'",
  },
  mask: { kind: "texts", value: "COLUMN=MASK", about: `what is seen of a column: ${MASKS.join(", ")}` },
  limit: { kind: "texts", value: "NAME=N", about: `a ceiling: ${LIMIT_NAMES.join(", ")}` },
  batched: { kind: "switch", about: "record reads in batches: up to 50 ms of them may be lost in a crash" },
};

export interface DatabaseValues {
  readonly url: string;
  readonly "password-from-env": string | undefined;
  readonly "password-from-file": string | undefined;
  readonly ca: string | undefined;
  readonly plaintext: boolean;
  readonly critical: readonly string[];
  readonly mask: readonly string[];
  readonly limit: readonly string[];
  readonly batched: boolean;
}

export function isDatabase(url: string | undefined): url is string {
  return url !== undefined && /^postgres(ql)?:/.test(url);
}

/** Terms of a database in the form of `countersign.yaml`, and its password beside them. @throws UsageError */
export async function databaseBody(
  values: DatabaseValues,
  { env }: Pick<Cli, "env">,
): Promise<{ readonly terms: JsonObject; readonly secrets: JsonObject }> {
  const read = readPostgresUrl(values.url);
  if (!read.ok) throw new UsageError(`the address ${read.reason}`, NAME);
  if (values.plaintext && !isLoopback(read.place.host))
    throw new UsageError("`--plaintext` is for a database of this machine: others are reached with TLS", NAME);
  const password = await passwordOf(values, { env }, NAME);
  return {
    terms: {
      kind: "postgres",
      url: values.url,
      ...(values.plaintext ? { tls: "disable" } : {}),
      ...(values.ca === undefined ? {} : { ca: await text(values.ca, NAME) }),
      critical: [...values.critical],
      masking: maskingOf(values.mask),
      recording: values.batched ? "batched" : "durable",
      limits: limitsOf(values.limit),
    },
    secrets: password === undefined ? {} : { password },
  };
}

/** A password from where the line says that it is; never from the line itself, which everybody on the machine can read. @throws UsageError */
export async function passwordOf(
  values: Pick<DatabaseValues, "password-from-env" | "password-from-file">,
  { env }: Pick<Cli, "env">,
  command: string,
): Promise<string | undefined> {
  const { "password-from-env": variable, "password-from-file": file } = values;
  if (variable !== undefined && file !== undefined)
    throw new UsageError("give one of `--password-from-env` and `--password-from-file`", command);
  const found = file === undefined ? env.variables[variable ?? ""] : await text(file, command);
  if (variable === undefined && file === undefined) return undefined;
  const password = found?.trim() ?? "";
  if (password !== "") return password;
  const where = file === undefined ? `the variable \`${variable ?? ""}\`` : `the file \`${file}\``;
  throw new UsageError(`${where} holds no password`, command);
}

function maskingOf(pairs: readonly string[]): Record<string, Mask> {
  const masks = pairs.map((pair): [string, Mask] => {
    const at = pair.lastIndexOf("=");
    const mask = MASKS.find((one) => one === pair.slice(at + 1));
    if (at > 0 && mask !== undefined) return [pair.slice(0, at), mask];
    throw new UsageError(`\`${pair}\` is not of the form \`--mask SCHEMA.RELATION.COLUMN=MASK\``, NAME);
  });
  return Object.fromEntries(masks);
}

/** Ceilings as `NAME=N`. @throws UsageError */
export function limitsOf(pairs: readonly string[], command: string = NAME): Partial<Record<LimitName, number>> {
  const limits = pairs.map((pair): [LimitName, number] => {
    const [word, number = ""] = pair.split("=");
    const name = LIMIT_NAMES.find((one) => one === word);
    if (name !== undefined && /^\d{1,10}$/.test(number) && Number(number) <= MOST_LIMIT) return [name, Number(number)];
    throw new UsageError(`\`${pair}\` is no ceiling: NAME=N with ${LIMIT_NAMES.join(", ")}`, command);
  });
  return Object.fromEntries(limits);
}

async function text(path: string, command: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new UsageError(`\`${path}\` cannot be read`, command);
  }
}
