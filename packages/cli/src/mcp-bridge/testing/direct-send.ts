import type { Send } from "../send.ts";

/** Sends without a credential: the server of these tests asks for none. */
export function directSend(url: string): Send {
  return async (body, headers, signal) =>
    await fetch(url, { method: "POST", body, headers, signal, redirect: "error" });
}
