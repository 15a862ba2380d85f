/**
 * What a tool acts on: a text with places for its arguments (`file:{path}`), or several in their order. `{paths[]}` stands for each element
 * of an argument that is a list of texts.
 */
export type ResourceMapping = string | readonly string[];

export type ParsedMapping =
  | { readonly ok: true; readonly mapping: ResourceMapping }
  | { readonly ok: false; readonly reason: string };

/** A place in a mapping that an argument fills. */
export interface MappingPlace {
  readonly argument: string;
  /** One name for each element of the argument. */
  readonly each: boolean;
}

const PLACE = /\{([^{}]+)\}/g;
const MOST_TEXTS = 16;

/** A mapping in its one form: of several texts each stands once, a single one stands alone. */
export function parseMapping(given: ResourceMapping): ParsedMapping {
  const texts = [...new Set(textsOf(given))];
  const [first] = texts;
  if (first === undefined) return { ok: false, reason: "names nothing" };
  if (texts.length > MOST_TEXTS) return { ok: false, reason: `names more than ${String(MOST_TEXTS)} resources` };
  const wrong = texts.find((text) => placesOf(text).filter(({ each }) => each).length > 1);
  if (wrong !== undefined) return { ok: false, reason: `\`${wrong}\` goes through more than one list` };
  return { ok: true, mapping: texts.length === 1 ? first : texts };
}

export function textsOf(mapping: ResourceMapping): readonly string[] {
  return typeof mapping === "string" ? [mapping] : mapping;
}

export function placesOf(text: string): readonly MappingPlace[] {
  return [...text.matchAll(PLACE)].map(([, word = ""]) => placeOf(word));
}

/** The text with each of its places filled. `before`: what stands before the place. */
export function fillPlaces(text: string, fill: (place: MappingPlace, before: string) => string): string {
  return text.replaceAll(PLACE, (_, word: string, at: number) => fill(placeOf(word), text.slice(0, at)));
}

/** Names of all arguments that make up the resources. */
export function mappedArguments(mapping: ResourceMapping): readonly string[] {
  return [...new Set(textsOf(mapping).flatMap((text) => placesOf(text).map(({ argument }) => argument)))];
}

function placeOf(word: string): MappingPlace {
  const each = word.length > 2 && word.endsWith("[]");
  return { argument: each ? word.slice(0, -2) : word, each };
}
