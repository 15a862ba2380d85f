import type { PointId } from "@countersign/core";
import type { Acknowledgement, Snapshot } from "@countersign/enforce";

/** A connection to an enforcement point. */
export interface ConnectedPoint {
  readonly id: PointId;
  readonly name: string;
  readonly lease: { valid(): boolean };
  push(change: Snapshot): Promise<Acknowledgement>;
}

export interface Pushed {
  readonly point: ConnectedPoint;
  readonly answer: Promise<Acknowledgement>;
}

/** The enforcement points that are connected to this server. */
export class Points {
  private readonly connected = new Map<PointId, ConnectedPoint>();

  connect(point: ConnectedPoint): void {
    this.connected.set(point.id, point);
  }

  disconnect(id: PointId): void {
    this.connected.delete(id);
  }

  all(): readonly ConnectedPoint[] {
    return [...this.connected.values()];
  }

  /** Pushes to every point at once. */
  publish(change: Snapshot): readonly Pushed[] {
    return this.all().map((point) => ({ point, answer: point.push(change) }));
  }
}
