import type { IncomingMessage } from "node:http";
import { AppError, type Json, type JsonObject, parseJson } from "@countersign/core";
import { makeSessionProof } from "@countersign/credentials";
import type { Surroundings } from "../cli.ts";
import type { Answer, ApiCall, Client } from "./api.ts";
import { objectOf, textAt } from "./fields.ts";
import { findPlaces, type PlaceFlags, type Places } from "./places.ts";
import { problemError } from "./problem.ts";
import { loadSession, type StoredSession } from "./session-file.ts";
import { resumeSignIn } from "./sign-in.ts";
import { createTransport, readBody, type Target, type Transport } from "./transport.ts";

const CONNECT_MS = 3000;
const ANSWER_MS = 15_000;
const LIMIT_BYTES = 16_777_216;
const DEPTH = 128;
/** Connection errors of a socket whose server is gone or belongs to someone else. */
const NOBODY_THERE = new Set(["ECONNREFUSED", "ENOENT", "EACCES", "EPIPE"]);

export function createClient(flags: PlaceFlags, surroundings: Surroundings): Client {
  return new HttpClient(findPlaces(flags, surroundings.env), surroundings);
}

/** Runs `work` with a client that is closed afterwards, so that the process can end. */
export async function withClient<T>(
  flags: PlaceFlags,
  surroundings: Surroundings,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = createClient(flags, surroundings);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

class HttpClient implements Client {
  readonly places: Places;
  readonly transport: Transport = createTransport();
  private readonly surroundings: Surroundings;
  private address: Promise<string> | null = null;
  /** The last `DPoP-Nonce` of the control plane (RFC 9449 section 8). */
  private nonce: string | null = null;

  constructor(places: Places, surroundings: Surroundings) {
    this.places = places;
    this.surroundings = surroundings;
  }

  async server(): Promise<string> {
    this.address ??= this.findServer();
    return await this.address;
  }

  async session(): Promise<StoredSession | null> {
    const session = loadSession(await this.server(), this.surroundings.env, this.surroundings.now());
    if (session !== null) return session;
    const resumed = await resumeSignIn({ client: this, cli: this.surroundings });
    return resumed !== null && "session" in resumed ? resumed.session : null;
  }

  async json(call: ApiCall): Promise<JsonObject> {
    const { bytes } = await this.raw(call);
    return bytes.length === 0 ? {} : objectOf(readJson(bytes) ?? undefined);
  }

  async raw(call: ApiCall): Promise<Answer> {
    switch (call.as) {
      case "anyone":
        return await this.finish(call, await this.sendTo({ url: (await this.server()) + call.path }, call));
      case "session":
        return await this.withSession(call);
      case "local":
        return await this.overSocket(call, this.socketPath());
      case "near":
        return await this.near(call);
      default:
        return call.as satisfies never;
    }
  }

  close(): void {
    this.transport.close();
  }

  private async near(call: ApiCall): Promise<Answer> {
    const { socketPath } = this.places;
    if (socketPath === null) return await this.withSession(call);
    try {
      return await this.overSocket(call, socketPath);
    } catch (error) {
      if (!isNobodyThere(error)) throw error;
      return await this.withSession(call);
    }
  }

  private async overSocket(call: ApiCall, socketPath: string): Promise<Answer> {
    return await this.finish(call, await this.sendTo({ socketPath, path: call.path }, call));
  }

  private async withSession(call: ApiCall): Promise<Answer> {
    const session = await this.session();
    if (session === null) throw await this.nobodySignedIn(call.as);
    const answer = await this.proved(call, session);
    // RFC 9449 section 8: one more try with the nonce that the answer brought.
    if (answer.statusCode !== 401 || this.takeNonce(answer) === null) return await this.finish(call, answer);
    answer.resume();
    return await this.finish(call, await this.proved(call, session));
  }

  private async proved(call: ApiCall, session: StoredSession): Promise<IncomingMessage> {
    const { now, random } = this.surroundings;
    const url = (await this.server()) + call.path;
    const { id, key } = session;
    const proof = makeSessionProof({
      session: id,
      key,
      method: methodOf(call),
      url,
      nonce: this.nonce,
      now: now(),
      random,
    });
    const answer = await this.sendTo({ url }, call, { authorization: `DPoP ${id}`, dpop: proof });
    if (answer.statusCode !== 401) this.takeNonce(answer);
    return answer;
  }

  /** Remembers the nonce of an answer; null when it brought none, or the one that was just used. */
  private takeNonce(answer: IncomingMessage): string | null {
    const nonce = answer.headers["dpop-nonce"];
    if (typeof nonce !== "string" || nonce === "" || nonce === this.nonce) return null;
    this.nonce = nonce;
    return nonce;
  }

  private async sendTo(target: Target, call: ApiCall, extra: Record<string, string> = {}): Promise<IncomingMessage> {
    const typed = call.body === undefined ? {} : { "content-type": "application/json" };
    return await this.transport.send({
      target,
      method: methodOf(call),
      headers: { accept: "application/json", ...typed, ...call.headers, ...extra },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      connectMs: CONNECT_MS,
      answerMs: call.answerMs ?? ANSWER_MS,
    });
  }

  private async finish(call: ApiCall, answer: IncomingMessage): Promise<Answer> {
    const bytes = await readBody(answer, call.limitBytes ?? LIMIT_BYTES);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return { status, bytes };
    throw problemError(status, readJson(bytes));
  }

  private socketPath(): string {
    const { socketPath, dataDir } = this.places;
    if (socketPath !== null) return socketPath;
    const detail = `no control socket in \`${dataDir}\`; run this on the machine of the control plane, with its \`--data\``;
    throw new AppError("server.unreachable", { detail });
  }

  /** The named address, else what the control plane behind the socket says of itself, else the default. */
  private async findServer(): Promise<string> {
    const { server, socketPath, usual } = this.places;
    if (server !== null || socketPath === null) return server ?? usual;
    try {
      return textAt(await this.json({ as: "local", path: "/v1/status" }), "publicUrl").replace(/\/$/, "");
    } catch {
      return usual;
    }
  }

  /** Why a call with the session cannot be made: the server is down, or the person has to sign in. */
  private async nobodySignedIn(as: ApiCall["as"]): Promise<AppError> {
    await this.raw({ as: "anyone", path: "/healthz" });
    const socket = as === "near" ? `, and no control socket answers in \`${this.places.dataDir}\`` : "";
    const detail = `nobody is signed in to \`${await this.server()}\` on this machine${socket}`;
    return new AppError("request.unauthenticated", { detail });
  }
}

function methodOf({ method, body }: ApiCall): string {
  return method ?? (body === undefined ? "GET" : "POST");
}

function isNobodyThere(error: unknown): boolean {
  return (
    error instanceof AppError &&
    error.code === "server.unreachable" &&
    NOBODY_THERE.has(String(error.details["reason"]))
  );
}

function readJson(bytes: Buffer): Json | null {
  const parsed = parseJson(bytes, { sizeBytes: LIMIT_BYTES, depth: DEPTH });
  return parsed.ok ? parsed.value : null;
}
