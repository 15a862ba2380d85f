import { AppError } from "@countersign/core";
import type { z } from "zod";

/** What is wrong with a configuration, or with a part of one: the key and one clause, never the value. */
export function invalid(error: z.ZodError, path: string | null): AppError {
  const issue = error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const where = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join(".");
  const secret = /\b(auth|password)\b/.test(where);
  const what = unknown === undefined ? (issue?.message ?? "is not valid") : "is not a known key";
  const from = path === null ? "the configuration" : `\`${path}\``;
  return new AppError(secret ? "config.secret_literal" : "config.invalid", { detail: `${from}: \`${where}\` ${what}` });
}
