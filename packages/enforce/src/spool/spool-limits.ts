export interface SpoolLimits {
  /** Bytes on disk, and entries that were not merged yet: beyond them nothing new is taken. */
  readonly bytes: number;
  readonly entries: number;
  /** A segment that has grown so far is followed by a new one. */
  readonly segmentBytes: number;
}
export const SPOOL_LIMITS: SpoolLimits = {
  bytes: 256 * 1024 * 1024,
  entries: 100_000,
  segmentBytes: 4 * 1024 * 1024,
};
