import { z } from "zod";
import type { CallerKind, Route } from "./route.ts";

const PROBLEM = {
  description: "refused: problem document (RFC 9457)",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};
const SECURITY: Readonly<Record<CallerKind, Readonly<Record<string, readonly string[]>> | null>> = {
  anyone: null,
  local: { controlSocket: [] },
  cookie: { browserSession: [] },
  session: { sessionProof: [] },
};

/** OpenAPI 3.1 of the whole route table: what is not in it does not exist. */
export function openApi(routes: readonly Route[], version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    if (
      !route.url.startsWith("/v1/") &&
      !route.url.startsWith("/ledger/") &&
      !/^\/(healthz|readyz|metrics)$/.test(route.url)
    )
      continue;
    const path = route.url.replaceAll(/:([a-zA-Z]+)/g, "{$1}").replace("*", "{path}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Countersign control plane", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: {
      schemas: {
        Problem: {
          type: "object",
          required: ["type", "title", "status", "code"],
          properties: {
            type: { type: "string" },
            title: { type: "string" },
            status: { type: "integer" },
            code: { type: "string" },
            detail: { type: "string" },
          },
        },
      },
      securitySchemes: {
        controlSocket: {
          type: "http",
          scheme: "none",
          description: "the Unix socket in the data directory; never loosens",
        },
        browserSession: { type: "apiKey", in: "cookie", name: "countersign_session" },
        sessionProof: {
          type: "http",
          scheme: "DPoP",
          description: "a session of the command line: proof of possession of its key (RFC 9449)",
        },
      },
    },
  };
}

function operation({ url, body, query, callers, roles }: Route): Record<string, unknown> {
  const inPath = [...url.matchAll(/:([a-zA-Z]+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    schema: z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
  }));
  const parameters = [...inPath, ...inQuery];
  const security = callers.includes("anyone")
    ? []
    : callers.map((caller) => SECURITY[caller]).filter((scheme) => scheme !== null);
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: z.toJSONSchema(body, { io: "input", unrepresentable: "any" }) } },
          },
        }),
    ...(roles === undefined ? {} : { description: `needs the role ${roles.join(" or ")}` }),
    security,
    responses: { "2XX": { description: "done" }, "4XX": PROBLEM, "5XX": PROBLEM },
  };
}
