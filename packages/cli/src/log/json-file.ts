import { readFileSync } from "node:fs";
import { AppError, isJsonObject, type JsonObject, parseJson } from "@countersign/core";

const LIMITS = { sizeBytes: 4_194_304, depth: 64 };

/** A JSON object from a file that somebody gave. @throws AppError `request.not_found`, or the `input.*` code of what is wrong */
export function readJsonFile(path: string): JsonObject {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new AppError("request.not_found", { detail: `\`${path}\` cannot be read (${code})`, cause: error });
  }
  const parsed = parseJson(bytes, LIMITS);
  if (!parsed.ok) throw new AppError(parsed.code, { detail: `\`${path}\` is not strict JSON` });
  if (!isJsonObject(parsed.value))
    throw new AppError("input.invalid_json", { detail: `\`${path}\` is not a JSON object` });
  return parsed.value;
}
