import { AppError, type JsonObject, type PointId } from "@countersign/core";
import { type Acknowledgement, type LinkSocket, type Snapshot, encoded, malformed } from "@countersign/enforce";
import type { ConnectedLease, ConnectedPoint } from "../points.ts";
import { readAcknowledgement } from "./bodies.ts";

/** Pushes that a point may owe an acknowledgement for. */
const MOST_OWED = 10_000;

/** What is pushed to many points is made into bytes once, for as long as anybody holds it. */
const BYTES = new WeakMap<Snapshot, Buffer>();

interface Owed {
  readonly change: Snapshot;
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
}
export interface LinkedPointOptions {
  readonly id: PointId;
  readonly name: string;
  readonly link: LinkSocket;
  /** Valid while its last renewal was answered within a lease. */
  readonly lease: ConnectedLease;
}

/** A point at the other end of a link, as those see it who tell it of stops and changes. */
export class LinkedPoint implements ConnectedPoint {
  readonly id: PointId;
  readonly name: string;
  readonly lease: ConnectedLease;
  private readonly link: LinkSocket;
  private readonly owed = new Map<number, Owed>();
  private pushes = 0;

  constructor({ id, name, link, lease }: LinkedPointOptions) {
    this.id = id;
    this.name = name;
    this.link = link;
    this.lease = lease;
  }

  /** Sent in this tick. Rejects when the link ends before the point has acknowledged. */
  async push(change: Snapshot): Promise<Acknowledgement> {
    if (this.link.ended) throw gone();
    if (this.owed.size >= MOST_OWED) {
      this.link.end(malformed("the point acknowledges nothing"));
      throw gone();
    }
    this.pushes += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Acknowledgement>();
    this.owed.set(this.pushes, { change, resolve, reject });
    this.link.sendEncoded(`"push":${String(this.pushes)}`, bytesOf(change));
    return await promise;
  }

  /** @throws AppError `link.malformed` for what was not pushed, was acknowledged before, or is not about what was pushed */
  acknowledged(push: number, body: JsonObject): void {
    const owed = this.owed.get(push);
    if (owed === undefined) throw malformed("an acknowledgement of what was not pushed, or a second one");
    const { generation, version, inFlight } = readAcknowledgement(body);
    if (generation !== owed.change.generation || version < owed.change.version)
      throw malformed("an acknowledgement of another version than was pushed");
    this.owed.delete(push);
    owed.resolve({ point: this.id, name: this.name, generation, version, inFlight });
  }

  ended(): void {
    for (const { reject } of this.owed.values()) reject(gone());
    this.owed.clear();
  }
}

function bytesOf(change: Snapshot): Buffer {
  const known = BYTES.get(change);
  if (known !== undefined) return known;
  const bytes = encoded(change);
  BYTES.set(change, bytes);
  return bytes;
}

function gone(): AppError {
  return new AppError("server.unreachable", { detail: "the link to the point broke before it acknowledged" });
}
