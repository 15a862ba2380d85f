import { type Route, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { examine } from "./doctor.ts";
import { buildMetrics } from "./metrics.ts";
import { readiness } from "./readiness.ts";
import { type StatusSource, statusOf } from "./status.ts";

export function statusRoutes(kernel: Kernel, source: StatusSource, ledgerKey: () => string): readonly Route[] {
  const { keys } = kernel;
  const metrics = buildMetrics(kernel, source);
  return [
    route({
      method: "GET",
      url: "/healthz",
      callers: ["anyone"],
      handle: async () => await Promise.resolve({ body: { status: "ok" } }),
    }),
    route({
      method: "GET",
      url: "/readyz",
      callers: ["anyone"],
      handle: async () => {
        const body = readiness(source.points);
        return await Promise.resolve({ status: body.ready ? 200 : 503, body });
      },
    }),
    route({
      method: "GET",
      url: "/metrics",
      callers: ["anyone"],
      handle: async () => ({ type: metrics.contentType, body: await metrics.metrics() }),
    }),
    route({
      method: "GET",
      url: "/v1/doctor",
      callers: ["local"],
      handle: async () => ({ body: { checks: await examine(kernel, source) } }),
    }),
    route({
      method: "GET",
      url: "/v1/status",
      callers: ["local", "cookie", "session"],
      handle: async () => ({ body: await statusOf(kernel, source) }),
    }),
    route({
      method: "GET",
      url: "/v1/keys",
      callers: ["anyone"],
      handle: async () =>
        await Promise.resolve({
          body: {
            ledger: ledgerKey(),
            receipts: [{ kid: keys.receipts.jkt, jwk: keys.receipts.jwk }],
            tokens: [{ kid: keys.tokens.jkt, jwk: keys.tokens.jwk }],
          },
        }),
    }),
  ];
}
