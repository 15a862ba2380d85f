import type { Json } from "@countersign/core";
import type { Touched } from "./touched.ts";

const ADDRESS = /https?:\/\/[^\s"'<>`)\]]+/g;
const ANYWHERE: Touched = { resource: "https://**", effect: "external" };

/**
 * The web addresses that a text names (a tool's `url`, or a prompt with addresses in it), each without its question. One that no two programs
 * are sure to read alike, or none at all, may lead anywhere.
 */
export function webPlaces(text: Json | undefined): readonly Touched[] {
  const found = typeof text === "string" ? [...text.matchAll(ADDRESS)].map(([address]) => placeOf(address)) : [];
  return found.length === 0 ? [ANYWHERE] : found;
}

function placeOf(address: string): Touched {
  const url = URL.parse(address);
  if (url === null || url.username !== "" || url.password !== "" || /[*\\]|%(?:2e|2f|5c)/i.test(url.pathname))
    return ANYWHERE;
  const resource = `${url.origin}${url.pathname}`;
  return { resource: url.pathname === "/" ? resource : resource.replace(/\/+$/, ""), effect: "external" };
}
