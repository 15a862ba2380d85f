import type { ChainPlace } from "./scan-segment.ts";
import type { Segment } from "./segment-writer.ts";

/** A durable frame that was not merged yet, and where it stands. */
export interface WaitingFrame extends ChainPlace {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
  readonly entries: number;
}

/** The first frames, at most so many and, beyond the first, so many bytes, all of one segment. */
export function oldestOf(
  waiting: readonly WaitingFrame[],
  most: { readonly frames: number; readonly bytes: number },
): readonly WaitingFrame[] {
  const taken: WaitingFrame[] = [];
  let bytes = 0;
  for (const frame of waiting) {
    const full = taken.length === most.frames || (taken.length > 0 && bytes + frame.length > most.bytes);
    if (full || (taken[0] !== undefined && taken[0].segment !== frame.segment)) break;
    taken.push(frame);
    bytes += frame.length;
  }
  return taken;
}
