import type { CheckpointFault } from "./checkpoint.ts";
import type { VkeyFault } from "./vkey.ts";

export type LogFaultCode =
  | VkeyFault
  | CheckpointFault
  | "checkpoint.missing"
  | "old_checkpoint.refused"
  | "old_checkpoint.newer"
  | "old_checkpoint.inconsistent"
  | "bundle.missing"
  | "bundle.malformed"
  | "bundle.wrong_count"
  | "tile.missing"
  | "tile.wrong_length"
  | "tile.altered"
  | "entry.altered"
  | "entry.disputed"
  | "root.mismatch"
  | "source.failed"
  | "source.too_large";

/** The first thing that is wrong with a log. */
export interface LogFault {
  readonly code: LogFaultCode;
  /** One clause for a person. */
  readonly detail: string;
  /** The file, below the log's prefix. */
  readonly path?: string;
  /** Index of the entry in the log. */
  readonly index?: number;
}

/** Ends a verification at its first fault; `verifyLog` turns it into a value. */
export class LogFaultError extends Error {
  readonly fault: LogFault;

  constructor(fault: LogFault) {
    super(fault.detail);
    this.fault = fault;
  }
}
