import { type Json, type JsonObject, isJsonObject } from "@countersign/core";

/** What the agent's client declared that a server may ask it for. */
export interface ClientOffer {
  /** The same for the same capabilities. */
  readonly key: string;
  /** As an upstream is told: only what this gateway passes on. */
  readonly capabilities: JsonObject;
}

export const NO_OFFER: ClientOffer = { key: "{}", capabilities: {} };

/** Reads `capabilities` of a client. What is not known here is left out, so that no upstream relies on it. */
export function offerOf(declared: Json | undefined): ClientOffer {
  if (!isJsonObject(declared)) return NO_OFFER;
  const { sampling, elicitation, roots } = declared;
  const capabilities: JsonObject = {
    ...(isJsonObject(sampling) ? { sampling: subset(sampling, ["tools", "context"]) } : {}),
    ...(isJsonObject(elicitation) ? { elicitation: subset(elicitation, ["form", "url"]) } : {}),
    // Changes of roots are not told upstream: each call asks for them anew.
    ...(isJsonObject(roots) ? { roots: {} } : {}),
  };
  const key = JSON.stringify(capabilities);
  return key === NO_OFFER.key ? NO_OFFER : { key, capabilities };
}

function subset(of: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => isJsonObject(of[name])).map((name) => [name, {}]));
}

/** Whether the client said that it answers such a question. Elicitation without a mode is by form (2025-11-25, elicitation). */
export function isOffered({ capabilities }: ClientOffer, method: string, params: JsonObject): boolean {
  const { sampling, elicitation, roots } = capabilities;
  if (method === "sampling/createMessage") return isJsonObject(sampling) && hasTools(sampling, params);
  if (method === "roots/list") return roots !== undefined;
  if (method !== "elicitation/create" || !isJsonObject(elicitation)) return false;
  if (params["mode"] === "url") return "url" in elicitation;
  return "form" in elicitation || !("url" in elicitation);
}

function hasTools(sampling: JsonObject, params: JsonObject): boolean {
  return "tools" in sampling || (params["tools"] === undefined && params["toolChoice"] === undefined);
}
