import type { IncomingMessage } from "node:http";

export type ReadBody =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly why: "too_large" | "gone" };

/** Reads a body of at most `maxBytes`. What is longer is not read to its end. Never rejects. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) return { ok: false, why: "too_large" };
  return await new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        parts.push(chunk);
        return;
      }
      request.removeAllListeners("data");
      resolve({ ok: false, why: "too_large" });
    });
    request.once("end", () => resolve({ ok: true, bytes: Buffer.concat(parts) }));
    request.once("error", () => resolve({ ok: false, why: "gone" }));
    request.once("close", () => resolve({ ok: false, why: "gone" }));
  });
}
