import { readFile } from "node:fs/promises";
import { AppError } from "@countersign/core";
import { z } from "zod";

const FORM = "must be `sqlite` or a URL that begins with postgres://";
const MOST_CHARS = 4096;
const POSTGRES = /^postgres(ql)?:\/\//;
const PASSWORD = /^[a-z]+:\/\/[^/?@]*:[^/?@]+@/;

/** What `database` may say: a URL with its password is kept in a file, or comes by the environment. */
export const databaseKey: z.ZodType<string | { readonly fromFile: string } | undefined> = z
  .union(
    [
      z.literal("sqlite"),
      z.string().max(MOST_CHARS).regex(POSTGRES, FORM),
      z.strictObject({ fromFile: z.string().min(1) }),
    ],
    {
      error: FORM,
    },
  )
  .optional();

/** Where the state of an installation is. */
export interface Database {
  /** A `postgres://` URL; null: the embedded database of the data directory. */
  readonly url: string | null;
  /** Somebody has said so; nobody has: it is the embedded one. */
  readonly isSaid: boolean;
}

interface Said {
  /** The key `database` of the configuration file. */
  readonly file: unknown;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads where the state is: `COUNTERSIGN_DATABASE`, else `DATABASE_URL`, else the configuration file. A password in the file itself is
 * refused: it would stand in backups and in version control. @throws AppError `config.invalid`, `config.secret_literal`; neither repeats it
 */
export async function readDatabase({ file, environment }: Said): Promise<Database> {
  const given = environment["COUNTERSIGN_DATABASE"] ?? environment["DATABASE_URL"];
  if (given !== undefined) return databaseOf(given, "DATABASE_URL");
  const parsed = databaseKey.safeParse(file);
  if (!parsed.success) throw invalid("database");
  const said = parsed.data;
  if (said === undefined) return { url: null, isSaid: false };
  if (typeof said === "object") return databaseOf((await textOf(said.fromFile)).trim(), said.fromFile);
  if (PASSWORD.test(said))
    throw new AppError("config.secret_literal", {
      detail: "`database` holds a password as text; give the URL in DATABASE_URL, or write {fromFile: PATH}",
    });
  return databaseOf(said, "database");
}

function databaseOf(text: string, where: string): Database {
  if (text === "sqlite") return { url: null, isSaid: true };
  if (text.length > MOST_CHARS || !POSTGRES.test(text)) throw invalid(where);
  return { url: text, isSaid: true };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new AppError("config.invalid", {
      cause: error,
      detail: `\`${path}\`, which \`database\` names, cannot be read`,
    });
  }
}

function invalid(where: string): AppError {
  return new AppError("config.invalid", { detail: `\`${where}\` ${FORM}` });
}
