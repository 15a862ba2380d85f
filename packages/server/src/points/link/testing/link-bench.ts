import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TLSSocket, createServer as createTlsServer } from "node:tls";
import { type Json, type JsonObject, NO_CHAIN, type PointId, newId } from "@countersign/core";
import { type SigningKey, generateSigningKey, parseJoinToken, signKeyProof } from "@countersign/credentials";
import {
  type ControlPlane,
  type EntryDraft,
  type Hello,
  POINT_PREAMBLE,
  type PointIdentity,
  type RenewalRequest,
  RemoteControlPlane,
  type RemoteControlPlaneOptions,
  type Snapshot,
  dial,
  takePlace,
} from "@countersign/enforce";
import { pino } from "pino";
import { ServerIdentity } from "../../../credentials/index.ts";
import type { Kernel } from "../../../kernel.ts";
import { IdentityFixture } from "../../../testing/index.ts";
import { standInFront } from "../../../http/front.ts";
import { PointLinks } from "../point-links.ts";

export const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

/** Answers what a test wants; keeps what it was asked. */
export class ToldControlPlane {
  readonly asked: { readonly call: string; readonly with: readonly unknown[] }[] = [];
  snapshot: Snapshot = { generation: 1, version: 1, records: [] };
  /** Instead of the usual answer. */
  readonly answers: Map<string, (...args: readonly unknown[]) => unknown> = new Map<
    string,
    (...args: readonly unknown[]) => unknown
  >();

  as(): ControlPlane {
    const usual: Readonly<Record<string, unknown>> = {
      join: this.snapshot,
      renew: this.snapshot,
      learn: { ...this.snapshot, purpose: "a test" },
      record: { ok: true },
      denial: null,
      brakeReason: "because",
      heldCall: null,
      secret: "s3cret",
      merge: { ok: false, code: "spool.gap" },
    };
    const call =
      (name: string) =>
      async (...args: readonly unknown[]): Promise<unknown> => {
        this.asked.push({ call: name, with: args });
        return await (this.answers.has(name) ? this.answers.get(name)?.(...args) : (usual[name] ?? null));
      };
    return new Proxy(
      {},
      { get: (_target, name) => (name === "then" ? undefined : call(String(name))) },
    ) as ControlPlane;
  }
}

interface ServeOptions {
  readonly port?: number;
  /** What it shows instead of a server's certificate. */
  readonly credential?: { readonly cert: string; readonly key: SigningKey; readonly notAfter: number } | null;
}
export interface JoinedPoint extends PointIdentity {
  readonly key: SigningKey;
}

/** A server's side of the link at an address of its own, over real identities, and points that dial it. */
export class LinkBench {
  readonly identities: IdentityFixture = new IdentityFixture();
  readonly control: ToldControlPlane = new ToldControlPlane();
  readonly lost: PointId[] = [];
  lease: { seconds: number; marginMs: number } = { seconds: 3, marginMs: 500 };
  /** As if an administrator had signed that every point gets secrets. */
  trusted = false;
  url = "";
  links!: PointLinks;
  /** Ends the server that was started last. */
  stop: () => Promise<void> = async () => await Promise.resolve();
  private readonly closers: (() => Promise<void> | void)[] = [];

  async open(): Promise<void> {
    this.identities.now = Date.now();
    await this.identities.open();
    this.closers.push(async () => {
      await this.identities.close();
      this.identities.remove();
    });
    await this.serve();
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).toReversed()) await close();
  }

  /** Another server of the same installation, at the same or a new port. */
  async serve({ port = 0, credential = null }: ServeOptions = {}): Promise<() => Promise<void>> {
    const { kernel, authority, identities, joins } = this.identities.get();
    const { ServerIdentity } = await import("../../../credentials/index.ts");
    const shown = new ServerIdentity(authority, () => this.identities.now);
    const links = new PointLinks({
      controlPlane: this.control.as(),
      store: kernel.store,
      points: kernel.points,
      log: pino({ level: process.env["COUNTERSIGN_TEST_LOG"] ?? "silent" }),
      now: () => this.identities.now,
      monotonicMs: () => performance.now(),
      lease: async () => await Promise.resolve(this.lease),
      tokens: async () => await Promise.resolve({ issuer: "http://localhost:7330", keys: [kernel.keys.tokens.jwk] }),
      secretsFor: async (point, jkt) => this.trusted || (await identities.secretsFor(point, jkt)),
      renewIdentity: async ({ point, jkt }, keyProof) => await identities.renew(point, jkt, keyProof),
      lost: async (point) => await Promise.resolve(void this.lost.push(point)),
      trust: {
        bundle: authority.pem,
        credential: () => (credential === null ? shown.credential() : { ...credential, key: pemOf(credential.key) }),
        identify: async (certificate) => await identities.identify(certificate),
        redeem: async (body) => await joins.redeem(body),
      },
    });
    const server = createServer((_request, response) => response.end("web"));
    const end = standInFront(server, { preamble: Buffer.from(POINT_PREAMBLE), take: (socket) => links.take(socket) });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    this.links = links;
    this.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const stop = async (): Promise<void> => {
      end();
      links.close();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    };
    this.stop = stop;
    this.closers.push(stop);
    return stop;
  }

  /** A server that has a server's certificate and says what the test wants. */
  async rogue(begin: (socket: TLSSocket) => void): Promise<string> {
    const shown = new ServerIdentity(this.identities.get().authority, () => this.identities.now);
    const tls = createTlsServer({ ...shown.credential(), requestCert: true, rejectUnauthorized: false });
    tls.on("secureConnection", (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      begin(socket);
    });
    const sockets = new Set<{ destroy(): unknown }>();
    const server = createServer();
    const end = standInFront(server, {
      preamble: Buffer.from(POINT_PREAMBLE),
      take: (socket) => {
        socket.on("error", () => undefined);
        sockets.add(socket);
        tls.emit("connection", socket);
      },
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.closers.push(async () => {
      end();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  /** A gateway of that name takes its place, as one does. */
  async join(name: string, key: SigningKey = generateSigningKey("P-256")): Promise<JoinedPoint> {
    const { joins, authority } = this.identities.get();
    const token = parseJoinToken((await joins.create(name, "local")).token);
    if (token === null) throw new Error("no token");
    const identity = await takePlace({
      url: this.url,
      bundle: authority.pem,
      token,
      key,
      now: Date.now,
      timeoutMs: 2000,
    });
    return { ...identity, key };
  }

  get store(): Kernel["store"] {
    return this.identities.get().kernel.store;
  }

  points(): ReturnType<Kernel["points"]["all"]> {
    return this.identities.get().kernel.points.all();
  }

  /** What proves a point's key at a renewal of its certificate. */
  keyProof({ key }: JoinedPoint): string {
    const { serverId } = this.identities.get().authority;
    return signKeyProof(key, { purpose: "point", audience: serverId, nonce: key.jkt, now: Date.now() });
  }

  /** A refusal as a point records it. */
  entry(): EntryDraft {
    return {
      id: newId("ent", Date.now(), random),
      time: new Date().toISOString(),
      kind: "decision",
      chain: NO_CHAIN,
      agentProof: null,
      action: "mcp:files/read_text_file",
      resource: "file:/a",
      effect: null,
      argsCommitment: null,
      argsShown: null,
      decision: null,
      posture: null,
      risk: null,
    };
  }

  async dial(point: JoinedPoint | null, url: string = this.url): Promise<TLSSocket> {
    const identity = point === null ? null : { certificate: point.svid, key: pemOf(point.key) };
    const { pem } = this.identities.get().authority;
    return await dial({ url, bundle: pem, identity, now: Date.now, timeoutMs: 2000 });
  }

  /** The control plane as this point sees it. */
  remote(point: JoinedPoint, more: Partial<RemoteControlPlaneOptions> = {}): RemoteControlPlane {
    const remote = new RemoteControlPlane({
      servers: [this.url],
      dial: async (url) => await this.dial(point, url),
      clock: () => performance.now(),
      random,
      leaseMs: () => this.lease.seconds * 1000,
      log: { warn: () => undefined, error: () => undefined },
      onReplaced: () => undefined,
      onTokens: () => undefined,
      push: async ({ generation, version }) =>
        await Promise.resolve({ point: point.point, name: point.name, generation, version, inFlight: [] }),
      ...more,
    });
    this.closers.push(() => remote.close());
    return remote;
  }
}

export function pemOf(key: SigningKey): string {
  return key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

export function hello(point: PointId, more: Partial<Hello> = {}): Hello {
  const instance = Buffer.alloc(32, 1).toString("base64url");
  return { point, instance, applied: 0, tasks: [], url: null, clock: Date.now(), ...more };
}

export function renewal(point: PointId, more: Partial<RenewalRequest> = {}): RenewalRequest {
  const { instance, applied, clock } = hello(point);
  return { point, instance, applied, clock, ...more };
}

/** One frame as it is on the wire. */
export function frame(message: Json): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

export function framesOf(bytes: Buffer): JsonObject[] {
  const frames: JsonObject[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4 + bytes.readUInt32BE(at))
    frames.push(JSON.parse(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)).toString("utf8")) as JsonObject);
  return frames;
}
