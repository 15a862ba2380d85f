import type { TLSSocket } from "node:tls";
import { AppError, parseJson } from "@countersign/core";
import { LinkSocket, malformed, problemBody, readPointMessage } from "@countersign/enforce";
import { assertShape, maybe, text } from "./check.ts";
import type { LinkTrust } from "./point-links.ts";

export interface JoiningLinkOptions {
  readonly redeem: LinkTrust["redeem"];
  /** The one call that is answered; null: any, with a refusal. */
  readonly calls: "redeem" | null;
  readonly now: () => number;
}

const LIMITS = { frameBytes: 16_384, unsentBytes: 65_536 };
const DEPTH = 8;
/** How long whoever has no certificate may take for its one request. */
const PATIENCE_MS = 10_000;
const SHAPE = { id: text(64), secret: text(64), name: maybe(text(64)), keyProof: text(4096) };

/** A link of somebody without an identity: one request is answered, and that is the end of it. */
export class JoiningLink {
  private readonly options: JoiningLinkOptions;
  private readonly link: LinkSocket;
  private readonly timer: NodeJS.Timeout;
  private asked = false;

  constructor(socket: TLSSocket, options: JoiningLinkOptions) {
    this.options = options;
    this.timer = setTimeout(() => this.end(), PATIENCE_MS);
    this.link = new LinkSocket(socket, {
      limits: LIMITS,
      now: options.now,
      message: (bytes) => this.message(bytes),
      end: () => clearTimeout(this.timer),
    });
  }

  end(): void {
    this.link.end(null);
  }

  private message(bytes: Buffer): void {
    const parsed = parseJson(bytes, { sizeBytes: LIMITS.frameBytes, depth: DEPTH });
    if (!parsed.ok) throw malformed(`a message is not strict JSON (${parsed.code})`);
    const message = readPointMessage(parsed.value);
    const { calls } = this.options;
    if (message.kind === "ack" || this.asked || (calls !== null && message.call !== calls))
      throw malformed("whoever has no certificate may join, once");
    this.asked = true;
    const body = calls === null ? {} : assertShape("redeem", message.body, SHAPE);
    this.answer(message.id, body as unknown as Parameters<LinkTrust["redeem"]>[0]).catch(() => this.end());
  }

  private async answer(id: number, body: Parameters<LinkTrust["redeem"]>[0]): Promise<void> {
    try {
      this.link.send({ id, ok: true, body: await this.options.redeem(body) });
    } catch (error) {
      this.link.send({
        id,
        ok: false,
        problem: problemBody(error instanceof AppError ? error : new AppError("internal.error")),
      });
    }
    this.link.finish();
  }
}
