import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
  /** It came over the control socket. */
  readonly local: boolean;
}
export interface Told {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
}
export type Routes = Readonly<Record<string, (asked: Asked) => Told | Promise<Told>>>;

/** A small HTTP server that answers as the test says, on loopback and, if asked for, on a socket; it keeps what it was asked. */
export interface TestControlPlane {
  readonly url: string;
  readonly asked: Asked[];
  /** Replaces routes: `"GET /v1/agents"`; without a row the answer is 404. */
  route(rows: Routes): void;
  /** What was asked at a route. */
  at(route: string): Asked[];
  close(): Promise<void>;
}

export async function startControlPlane(rows: Routes, socketPath?: string): Promise<TestControlPlane> {
  let routes: Routes = { "GET /healthz": () => ({ body: { status: "ok" } }), ...rows };
  const asked: Asked[] = [];
  const serve = async (local: boolean, request: IncomingMessage): Promise<Told> => {
    const raw = await text(request);
    const method = request.method ?? "";
    const path = request.url ?? "";
    const body = raw === "" ? {} : (JSON.parse(raw) as Record<string, unknown>);
    const one = { method, path, headers: request.headers, body, local };
    asked.push(one);
    const row = routes[`${method} ${path}`] ?? routes[`${method} ${path.split("?")[0] ?? ""}`];
    return row === undefined
      ? { status: 404, body: { code: "request.not_found", detail: "nothing here" } }
      : await row(one);
  };
  const servers = [
    await listen(
      (server) => server.listen(0, "127.0.0.1"),
      async (request) => await serve(false, request),
    ),
  ];
  if (socketPath !== undefined) {
    mkdirSync(dirname(socketPath), { recursive: true });
    servers.push(
      await listen(
        (server) => server.listen(socketPath),
        async (request) => await serve(true, request),
      ),
    );
  }
  const { port } = addressOf(servers[0]);
  return {
    url: `http://localhost:${String(port)}`,
    asked,
    route: (more) => {
      routes = { ...routes, ...more };
    },
    at: (route) =>
      asked.filter(
        ({ method, path }) => `${method} ${path}` === route || `${method} ${path.split("?")[0] ?? ""}` === route,
      ),
    close: async () => {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map(async (server) => await once(server.close(), "close")));
    },
  };
}

function addressOf(server: Server | undefined): AddressInfo {
  const address = server?.address();
  if (typeof address === "object" && address !== null) return address;
  throw new Error("the server does not listen");
}

async function listen(
  start: (server: Server) => void,
  serve: (request: IncomingMessage) => Promise<Told>,
): Promise<Server> {
  const server = createServer((request, response) => {
    serve(request).then(
      ({ status = 200, headers = {}, body }) => {
        const content =
          body === undefined
            ? ""
            : typeof body === "string" || body instanceof Uint8Array
              ? body
              : JSON.stringify(body);
        response
          .writeHead(status, {
            "content-type": status < 300 ? "application/json" : "application/problem+json",
            ...headers,
          })
          .end(content);
      },
      () => response.destroy(),
    );
  });
  start(server);
  await once(server, "listening");
  return server;
}
