import type { Send } from "../send.ts";

/** Sends without a credential: the server of these tests asks for none. */
export function directSend(url: string): Send {
  return async ({ method, body, headers }, signal) =>
    await fetch(url, { method, headers, signal, redirect: "error", ...(method === "POST" ? { body } : {}) });
}
