import type { StopPoint, Stopping } from "@countersign/api";
import type { BrakeId } from "@countersign/core";
import type { Published } from "../kernel.ts";
import type { ReceiptPoint } from "./receipt.ts";

/** Which points have confirmed a stop that is under way. Nothing is claimed before a point has said so (INV-3). */
export class StopProgress {
  private readonly requestedAt: string;
  private readonly points: Map<string, StopPoint>;

  constructor({ acknowledgements }: Published, requestedAt: number) {
    this.requestedAt = new Date(requestedAt).toISOString();
    this.points = new Map(
      acknowledgements.map(({ point: { id, name } }) => [id, { id, name, how: null, at: null, inFlight: [] }]),
    );
  }

  confirmed(point: ReceiptPoint): void {
    this.points.set(point.id, point);
  }

  shown(id: BrakeId): Stopping {
    return { id, state: "stopping", requestedAt: this.requestedAt, points: [...this.points.values()] };
  }
}
