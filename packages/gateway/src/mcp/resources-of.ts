import {
  type Json,
  type JsonObject,
  MOST_RESOURCES,
  type ResourceMapping,
  placesOf,
  textsOf,
  tooManyResources,
} from "@countersign/core";
import { resourceOf } from "./resource-of.ts";

export type MappedResources =
  | { readonly ok: true; readonly first: string; readonly all: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): MappedResources => ({ ok: false, reason });

/**
 * All distinct resources of a call by the upstream's mapping, in its order; without a mapping `fallback`. Refuses as `resourceOf` does: one
 * name that is in doubt refuses the call, and so does a list that is none, is empty, or is longer than what is judged at once.
 */
export function resourcesOf(mapping: ResourceMapping | undefined, args: JsonObject, fallback: string): MappedResources {
  if (mapping === undefined) return { ok: true, first: fallback, all: [fallback] };
  const names = new Set<string>();
  for (const text of textsOf(mapping)) {
    const elements = elementsOf(text, args);
    if (typeof elements === "string") return refuse(elements);
    for (const element of elements) {
      const named = resourceOf(text, args, element);
      if (!named.ok) return named;
      names.add(named.resource);
    }
  }
  const all = [...names];
  const [first] = all;
  if (first === undefined) return refuse("the mapping of the tool names no resource");
  if (tooManyResources(all)) return refuse("the call names more resources than are judged at once; name fewer");
  return { ok: true, first, all };
}

/** What fills the list of a text, one after the other; for a text without one a single nothing. Else why it cannot be gone through. */
function elementsOf(text: string, args: JsonObject): readonly (Json | undefined)[] | string {
  const [list, second] = placesOf(text).filter(({ each }) => each);
  if (list === undefined) return [undefined];
  if (second !== undefined) return "the mapping of the tool goes through more than one list";
  const { argument } = list;
  const value = Object.hasOwn(args, argument) ? args[argument] : undefined;
  if (!Array.isArray(value) || value.length === 0)
    return `argument \`${argument}\` must be a list that is not empty: it names the resources`;
  if (value.length > MOST_RESOURCES) return `argument \`${argument}\` has more than ${String(MOST_RESOURCES)} elements`;
  return value as readonly Json[];
}
