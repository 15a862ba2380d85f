import type { HttpExchange } from "./endpoint.ts";

/** What those who watch over a gateway ask, at its own address. */
export interface Probes {
  /** Why everything is denied now; null while the lease holds. */
  readonly denying: () => { readonly code: string; readonly reason: string } | null;
  /** Figures in the text form of Prometheus. */
  readonly metrics: () => string;
}

/** Answers `/healthz`, `/readyz` and `/metrics`; false for any other request. They say nothing that a stranger must not know. */
export function serveProbe({ denying, metrics }: Probes, { request, response }: HttpExchange): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  const path = (request.url ?? "").split("?", 1)[0];
  const say = (status: number, type: string, body: string): boolean => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  };
  if (path === "/healthz") return say(200, "application/json", JSON.stringify({ status: "ok" }));
  if (path === "/metrics") return say(200, "text/plain; version=0.0.4; charset=utf-8", metrics());
  if (path !== "/readyz") return false;
  const why = denying();
  return say(why === null ? 200 : 503, "application/json", JSON.stringify({ ready: why === null, ...why }));
}
