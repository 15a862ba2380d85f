import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { TLSSocket, createSecureContext } from "node:tls";
import { type AgentId, type PointId, type TaskId, newId } from "@countersign/core";
import {
  type CertificateAuthority,
  type SigningKey,
  type VerifiedTaskSvid,
  bundlePem,
  certificateAuthority,
  generateSigningKey,
  issueSvid,
  issueTaskSvid,
  parseBundle,
  serialNumber,
  toPem,
  verifyTaskSvid,
} from "@countersign/credentials";
import { ASK_FOR_TLS } from "../first-packet.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const pem = (key: SigningKey): string => key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();

export const AGENT: AgentId = newId("agt", Date.now(), random);
export const TASK: TaskId = newId("tsk", Date.now(), random);

/** An installation's authority, for what it certifies. */
export class StubAuthority {
  readonly ca: CertificateAuthority = certificateAuthority(generateSigningKey("P-256"), {
    trustDomain: "localhost",
    now: Date.now(),
    random,
  });
  readonly bundle: string = bundlePem({ authorities: [this.ca.certificate] });

  point(path: string): { readonly cert: string; readonly key: string } {
    const key = generateSigningKey("P-256");
    const now = Date.now();
    const times = { notBefore: now - 60_000, notAfter: now + 3_600_000, serial: serialNumber(random) };
    const der = issueSvid({ ca: this.ca, publicKey: key.jwk, spiffeId: `spiffe://localhost${path}`, ...times });
    return { cert: toPem(der), key: pem(key) };
  }

  task(key: SigningKey): string {
    const now = Date.now();
    const subject = { agent: AGENT, human: null };
    return toPem(
      issueTaskSvid({ ca: this.ca, subject, task: TASK, publicKey: key.jwk, until: now + 60_000, now, random }).der,
    );
  }
}

/** A gateway as a client of PostgreSQL sees it before the first message: TLS with a certificate of a task, or nothing. */
export class StubGateway {
  readonly id: PointId = newId("ep", Date.now(), random);
  readonly seen: VerifiedTaskSvid[] = [];
  private readonly authority: StubAuthority;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  address = "";
  /** What is said in clear behind the `S`. */
  between = "";

  constructor(authority: StubAuthority, serve: (client: TLSSocket) => void, path?: string) {
    this.authority = authority;
    const identity = authority.point(path ?? `/point/${this.id}`);
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("data", (asked) => {
        if (!asked.equals(ASK_FOR_TLS)) return void socket.end("N");
        socket.write(`S${this.between}`);
        this.secure(socket, identity, serve);
      });
    });
  }

  static async listen(...parts: ConstructorParameters<typeof StubGateway>): Promise<StubGateway> {
    const gateway = new StubGateway(...parts);
    gateway.server.listen(0, "127.0.0.1");
    await once(gateway.server, "listening");
    gateway.address = `127.0.0.1:${String((gateway.server.address() as AddressInfo).port)}`;
    return gateway;
  }

  get identity(): string {
    return `spiffe://localhost/point/${this.id}`;
  }

  /** Ends every connection, as a stop does. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private secure(
    socket: Socket,
    identity: { readonly cert: string; readonly key: string },
    serve: (client: TLSSocket) => void,
  ): void {
    const link = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ ...identity, ca: this.authority.bundle, minVersion: "TLSv1.3" }),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ["postgresql"],
    });
    link.on("error", () => socket.destroy());
    link.once("secure", () => {
      const bundle = parseBundle(this.authority.bundle);
      const shown = link.getPeerX509Certificate()?.raw ?? new Uint8Array();
      const who = bundle.ok ? verifyTaskSvid(shown, { bundle: bundle.bundle, now: Date.now() }) : bundle;
      this.seen.push(who);
      if (who.ok) serve(link);
      else link.destroy();
    });
  }
}
