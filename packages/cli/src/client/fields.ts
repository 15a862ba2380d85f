import { AppError, isJsonObject, type Json, type JsonObject } from "@countersign/core";

/** Reads of what a control plane answers. Whatever has another form is refused: nothing is guessed. */
export function objectOf(value: Json | undefined): JsonObject {
  if (isJsonObject(value)) return value;
  throw strange("an object");
}

export function objectAt(value: JsonObject, name: string): JsonObject {
  return objectOf(value[name]);
}

export function textAt(value: JsonObject, name: string): string {
  const member = value[name];
  if (typeof member === "string") return member;
  throw strange(`\`${name}\``);
}

export function numberAt(value: JsonObject, name: string): number {
  const member = value[name];
  if (typeof member === "number") return member;
  throw strange(`\`${name}\``);
}

/** A list of objects under `name`. */
export function listAt(value: JsonObject, name: string): readonly JsonObject[] {
  const member = value[name];
  if (Array.isArray(member)) return (member as readonly Json[]).map((item) => objectOf(item));
  throw strange(`the list \`${name}\``);
}

/** Text for people: what is missing is a dash, other values as JSON. */
export function shown(value: Json | undefined): string {
  if (value === undefined || value === null || value === "") return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The name of `{id, name}`, else its id; a plain text stays itself. */
export function nameOf(value: Json | undefined): string {
  return isJsonObject(value) ? shown(value["name"] ?? value["id"]) : shown(value);
}

function strange(what: string): AppError {
  return new AppError("internal.error", {
    detail: `the control plane's answer lacks ${what}; check that \`--server\` names a control plane of this version`,
  });
}
