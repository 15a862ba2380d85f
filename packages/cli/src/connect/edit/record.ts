import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Json, type JsonObject, isJsonObject, parseJson } from "@countersign/core";
import { type EditFile, type EditPlace, type FormatName, errorCode } from "./config-file.ts";
import { type Edit, type Path, applyToValue, valueAt } from "./edit.ts";
import type { EditPlan } from "./plan.ts";
import { digestOf, syncFolder, writePrivate } from "./replace-file.ts";

/** What was done to a file, so that it can be undone. Lies beside its backup, both 0600. */
export interface EditRecord {
  readonly number: number;
  readonly folder: string;
  readonly file: EditFile;
  /** SHA-256 of the file before and after; `before` is null when there was none. */
  readonly before: string | null;
  readonly after: string;
  readonly steps: readonly Step[];
}

/** One edit and what it found. */
export interface Step {
  readonly edit: Edit;
  /** What stood at the path; absent when nothing did. */
  readonly was?: Json;
  /** How much of the path was there already. */
  readonly had: number;
}

const LIMITS = { sizeBytes: 64 * 1024 * 1024, depth: 250 };

/** Keeps backup and record; what it returns takes them away again. */
export function keepRecord(plan: EditPlan, after: string): () => void {
  const { place, before } = plan;
  const folder = folderOf(place, before.file.path);
  clearHalves(folder);
  const number = Math.max(0, ...numbersIn(folder)) + 1;
  const backup = join(folder, `${String(number)}.backup`);
  const record = join(folder, `${String(number)}.json`);
  const discard = (): void => {
    for (const path of [backup, record]) rmSync(path, { force: true });
  };
  try {
    if (before.bytes !== null) writePrivate(backup, before.bytes);
    const written = {
      version: 1,
      path: before.file.path,
      format: before.file.format,
      after,
      before: before.bytes && digestOf(before.bytes),
    };
    writePrivate(record, Buffer.from(`${JSON.stringify({ ...written, steps: stepsOf(plan) }, null, 2)}\n`));
    syncFolder(folder);
  } catch (error) {
    discard();
    throw error;
  }
  return discard;
}

/** The records of an owner, the newest of each file first. A record that cannot be read is left where it is. */
export function recordsOf(place: EditPlace): readonly EditRecord[] {
  const above = join(place.stateDir, "connect", place.owner);
  return namesIn(above).flatMap((name) => {
    const folder = join(above, name);
    const numbers = numbersIn(folder).toSorted((a, b) => b - a);
    return numbers.flatMap((number) => readRecord(folder, number) ?? []);
  });
}

/** The bytes before the edit; null when they are gone or are not those that were kept. */
export function backupOf({ folder, number, before }: EditRecord): Buffer | null {
  try {
    const bytes = readFileSync(join(folder, `${String(number)}.backup`));
    return digestOf(bytes) === before ? bytes : null;
  } catch {
    return null;
  }
}

export function dropRecord({ folder, number }: EditRecord): void {
  for (const end of ["json", "backup"]) rmSync(join(folder, `${String(number)}.${end}`), { force: true });
}

function stepsOf({ before, edits }: EditPlan): readonly Step[] {
  let { value } = before;
  return edits.map((edit) => {
    const was = valueAt(value, edit.path);
    let had = 0;
    while (had < edit.path.length && valueAt(value, edit.path.slice(0, had + 1)) !== undefined) had += 1;
    const applied = applyToValue(value, edit);
    if (applied.ok) ({ value } = applied);
    return { edit, had, ...(was === undefined ? {} : { was }) };
  });
}

function folderOf(place: EditPlace, path: string): string {
  return join(place.stateDir, "connect", place.owner, createHash("sha256").update(path).digest("hex").slice(0, 16));
}

function numbersIn(folder: string): readonly number[] {
  return namesIn(folder).flatMap((name) => {
    const number = /^(\d{1,9})\.json$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Backups without a record: of a process that died before it changed anything. */
function clearHalves(folder: string): void {
  const numbers = new Set(numbersIn(folder).map(String));
  const halves = namesIn(folder).filter((name) => name.endsWith(".backup") && !numbers.has(name.replace(/\..*$/, "")));
  for (const name of halves) rmSync(join(folder, name), { force: true });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function readRecord(folder: string, number: number): EditRecord | null {
  const parsed = parseJson(readFileSync(join(folder, `${String(number)}.json`)), LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  // Objects with a prototype, as the formats read them: the two kinds never compare as equal.
  const { version, path, format, before, after, steps } = structuredClone(parsed.value);
  if (version !== 1 || typeof path !== "string" || !isFormat(format) || typeof after !== "string") return null;
  if ((before !== null && typeof before !== "string") || !Array.isArray(steps)) return null;
  const read = steps.map(readStep);
  return read.includes(null)
    ? null
    : { number, folder, file: { path, format }, before, after, steps: read.filter((step) => step !== null) };
}

function readStep(json: Json): Step | null {
  if (!isJsonObject(json) || typeof json["had"] !== "number") return null;
  const edit = readEdit(json["edit"]);
  if (edit === null) return null;
  return { edit, had: json["had"], ...(json["was"] === undefined ? {} : { was: json["was"] }) };
}

function readEdit(json: Json | undefined): Edit | null {
  if (!isJsonObject(json)) return null;
  const path = readPath(json["path"]);
  const group = typeof json["group"] === "string" ? { group: json["group"] } : {};
  if (path === null) return null;
  if (json["kind"] === "remove") return { kind: "remove", path, ...group };
  return withValue(json, { path, ...group });
}

function withValue({ kind, value }: JsonObject, rest: { path: Path; group?: string }): Edit | null {
  if (value === undefined || (kind !== "set" && kind !== "append")) return null;
  return { kind, value, ...rest };
}

function readPath(json: Json | undefined): Path | null {
  if (!Array.isArray(json)) return null;
  const path = json.filter((step) => typeof step === "string" || typeof step === "number");
  return path.length === json.length ? path : null;
}

function isFormat(format: Json | undefined): format is FormatName {
  return format === "json" || format === "toml" || format === "yaml";
}
