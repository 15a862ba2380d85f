import { type Grant, type Json, isJsonObject, readLimits } from "@countersign/core";
import { html, type Html } from "../html.ts";
import { shownText } from "../shown-text.ts";

/** One line of what is put into words. */
export function fact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** A single value as text, whatever stands there. */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "…";
}

export function said(value: Json | undefined): Html {
  return shownText(textOf(value));
}

export function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

/** Grants as they stand in signed content; what is none is left out. */
export function grantsIn(value: Json | undefined): readonly Grant[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter(isJsonObject).flatMap(({ action, resource, limits }) => {
    if (typeof action !== "string" || typeof resource !== "string") return [];
    return [{ action, resource, ...(limits === undefined ? {} : { limits: readLimits(limits) ?? {} }) }];
  });
}
