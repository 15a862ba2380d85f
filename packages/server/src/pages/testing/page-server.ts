import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { assets, securityHeaders } from "../index.ts";

export interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}
/** Answers what is not an asset. Null: not found. */
export type Answer = (request: IncomingMessage, body: unknown) => Promise<Reply | null> | Reply | null;
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is a page, anything else JSON. */
  readonly body: unknown;
}

/** Serves pages and their assets on `http://localhost:<port>` with the headers that the control plane sends. */
export async function servePages(answer: Answer): Promise<PageServer> {
  const server = createServer((request, response) => {
    serve(request, response, answer).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const asset = assets.get(request.url ?? "");
  if (asset !== undefined) {
    const headers = { "content-type": asset.contentType, "cache-control": asset.cacheControl };
    response.writeHead(200, { ...securityHeaders(), ...headers }).end(asset.body);
    return;
  }
  const reply = (await answer(request, await bodyOf(request))) ?? {
    status: 404,
    body: { title: "no such thing", code: "request.not_found" },
  };
  const isPage = typeof reply.body === "string";
  const contentType = isPage ? "text/html; charset=utf-8" : "application/json";
  response.writeHead(reply.status ?? 200, { ...securityHeaders(), "content-type": contentType, ...reply.headers });
  response.end(isPage ? reply.body : JSON.stringify(reply.body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? null : JSON.parse(text);
}
