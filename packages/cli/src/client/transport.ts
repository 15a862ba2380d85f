import http from "node:http";
import https from "node:https";
import { AppError } from "@countersign/core";

/** Where a request goes: an address, or a path behind a Unix socket. */
export type Target = { readonly url: string } | { readonly socketPath: string; readonly path: string };
export interface HttpRequest {
  readonly target: Target;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Longest wait for a connection. */
  readonly connectMs: number;
  /** Longest wait for the first byte of the answer, and between two bytes of it. */
  readonly answerMs: number;
  readonly signal?: AbortSignal;
}

/** Keeps connections between requests; `close` lets the process end. */
export interface Transport {
  /** Rejects with AppError `server.unreachable` when no answer came in time, or whatever `signal` gives when that fires. */
  send(request: HttpRequest): Promise<http.IncomingMessage>;
  close(): void;
}

/** Makes a transport over `node:http` and `node:https`. Redirects are answers like others: they are never followed. */
export function createTransport(): Transport {
  const agents = {
    plain: new http.Agent({ keepAlive: true }),
    secure: new https.Agent({ keepAlive: true }),
    socket: new http.Agent({ keepAlive: false }),
  };
  return {
    send: async (request) => await sendOnce(request, agents),
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

interface Agents {
  readonly plain: http.Agent;
  readonly secure: https.Agent;
  readonly socket: http.Agent;
}

function sendOnce(request: HttpRequest, agents: Agents): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const sent = start(request, agents);
  const timer = setTimeout(() => sent.destroy(new Error("no connection in time")), request.connectMs);
  sent.setTimeout(request.answerMs, () => sent.destroy(new Error("no answer in time")));
  sent.on("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => clearTimeout(timer));
    else clearTimeout(timer);
  });
  sent.on("close", () => clearTimeout(timer));
  sent.on("error", (error) => {
    // After the answer began, its reader is told by the stream itself.
    reject(request.signal?.aborted === true ? error : unreachable(request.target, error));
  });
  sent.on("response", resolve);
  sent.end(request.body);
  return promise;
}

function start({ target, method, headers, body, signal }: HttpRequest, agents: Agents): http.ClientRequest {
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const options = { method, headers: { ...headers, ...length }, ...(signal === undefined ? {} : { signal }) };
  if ("socketPath" in target) {
    return http.request({ ...options, socketPath: target.socketPath, path: target.path, agent: agents.socket });
  }
  const secure = target.url.startsWith("https:");
  return secure
    ? https.request(target.url, { ...options, agent: agents.secure })
    : http.request(target.url, { ...options, agent: agents.plain });
}

function unreachable(target: Target, error: NodeJS.ErrnoException): AppError {
  const place = "socketPath" in target ? `\`${target.socketPath}\`` : `\`${new URL(target.url).origin}\``;
  const code = error.code ?? error.message;
  const detail = /CERT|SIGNATURE|ALTNAME/.test(code)
    ? `the certificate of ${place} is not trusted on this machine (${code}); name its authority's file in NODE_EXTRA_CA_CERTS`
    : `nothing answers at ${place} (${code}); start it with \`countersign up\`, or name another with \`--server\``;
  return new AppError("server.unreachable", { detail, cause: error, details: { reason: error.code ?? "timeout" } });
}

/** Reads a whole body. Rejects with `input.too_large` beyond the limit, with `server.unreachable` when it breaks off. */
export async function readBody(answer: http.IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new AppError("server.unreachable", { detail: "the answer broke off; run it again", cause: error });
  }
  if (size <= limitBytes) return Buffer.concat(chunks);
  answer.destroy();
  throw new AppError("input.too_large", { detail: `the answer is larger than ${String(limitBytes)} bytes` });
}
