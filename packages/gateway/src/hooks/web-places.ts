import type { JsonObject } from "@countersign/core";
import type { ToolRow } from "./clients/client-shape.ts";
import type { Touched } from "./touched.ts";

const ANYWHERE: Touched = { resource: "https://**", effect: "external" };
/** One address and nothing else: what every program reads alike. */
const ADDRESS = /^https?:\/\/[^\s"'<>`(){}[\]|\\^]+$/i;

/** The web addresses that a use names, each without its question. One that no two programs are sure to read alike may lead anywhere. */
export function webPlaces(input: JsonObject, row: ToolRow & { as: "fetch" }): readonly Touched[] {
  const url = row.url === undefined ? undefined : input[row.url];
  if (typeof url === "string") return [placeOf(url)];
  const prompt = row.prompt === undefined ? undefined : input[row.prompt];
  const words = typeof prompt === "string" ? prompt.split(/\s+/).filter((word) => /:\/|^https?:/i.test(word)) : [];
  return words.length === 0 ? [ANYWHERE] : words.map(placeOf);
}

function placeOf(address: string): Touched {
  const url = ADDRESS.test(address) ? URL.parse(address) : null;
  if (url === null || url.username !== "" || url.password !== "" || /[*\\]|%(?:2e|2f|5c)/i.test(url.pathname))
    return ANYWHERE;
  const resource = `${url.origin}${url.pathname}`;
  return { resource: url.pathname === "/" ? resource : resource.replace(/\/+$/, ""), effect: "external" };
}
