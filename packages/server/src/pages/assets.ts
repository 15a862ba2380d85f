import { createHash } from "node:crypto";
import { bundle, compactStyle } from "./bundle.ts";

export interface Asset {
  readonly contentType: string;
  readonly body: string;
  /** The path holds the digest of the body, so it never changes. */
  readonly cacheControl: string;
}

/** Each page loads one style and one script. */
export const SCRIPTS = ["register", "sign-in", "approve", "plain"] as const;
export type ScriptName = (typeof SCRIPTS)[number];

const style = asset("css", compactStyle());
const scripts = new Map(SCRIPTS.map((name) => [name, asset("js", bundle(name))]));

/** What is served beside the pages, by path, from memory. */
export const assets: ReadonlyMap<string, Asset> = new Map([style, ...scripts.values()]);

export function assetPaths(name: ScriptName): { readonly css: string; readonly js: string } {
  return { css: style[0], js: scripts.get(name)?.[0] ?? "" };
}

function asset(suffix: "css" | "js", body: string): readonly [path: string, asset: Asset] {
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  const contentType = `text/${suffix === "js" ? "javascript" : suffix}; charset=utf-8`;
  return [`/assets/${digest}.${suffix}`, { contentType, body, cacheControl: "public, max-age=31536000, immutable" }];
}
