import { randomBytes } from "node:crypto";
import { makeProof } from "@countersign/credentials";
import type { Credential } from "./permit-point.ts";

export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** A `fetch` that proves its credential with every request, and tries once more when it is told a new nonce. */
export function dpopFetch({ key, token }: Pick<Credential, "key" | "token">): Fetch {
  let nonce: string | null = null;
  return async (input, init = {}) => {
    const url = String(input);
    const attempt = async (): Promise<Response> => {
      const random = (length: number): Uint8Array => randomBytes(length);
      const method = init.method ?? "GET";
      const proof = makeProof({ key, method, url, accessToken: token, nonce, now: Date.now(), random });
      const headers = new Headers(init.headers);
      headers.set("authorization", `DPoP ${token}`);
      headers.set("dpop", proof);
      return await fetch(url, { ...init, headers });
    };
    const first = await attempt();
    const fresh = first.headers.get("dpop-nonce");
    if (fresh !== null) nonce = fresh;
    if (first.status !== 401 || !(first.headers.get("www-authenticate") ?? "").includes("use_dpop_nonce")) return first;
    await first.body?.cancel();
    return await attempt();
  };
}
