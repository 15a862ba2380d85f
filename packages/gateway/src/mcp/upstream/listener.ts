import type { RequestId } from "../protocol.ts";

/** What an upstream tells while it works on a request: progress, a line of its log, or that it took a subscription. */
export interface Notice {
  readonly method: "notifications/progress" | "notifications/message" | "notifications/subscriptions/acknowledged";
  readonly params: Readonly<Record<string, unknown>>;
}

/** Something that an upstream asks the client of a request for. */
export interface Asked {
  readonly id: RequestId;
  readonly method: string;
  /** As it came; undefined when it was too large. */
  readonly params: unknown;
  /** Aborted when the upstream takes its question back. */
  readonly signal: AbortSignal;
}
export type AnswerToAsked =
  | { readonly result: Readonly<Record<string, unknown>> }
  | { readonly error: { readonly code: number; readonly message: string } };

/** Who hears of a request until it is answered. */
export interface Listener {
  readonly notice: (notice: Notice) => void;
  /** Never rejects. */
  readonly ask: (asked: Asked) => Promise<AnswerToAsked>;
  /** Whether an answer may still go upstream; called in the tick of the write. */
  readonly permitted: () => boolean;
}

/** Levels of RFC 5424, the least urgent first (MCP, logging). */
export const LOG_LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function isLogLevel(value: unknown): value is LogLevel {
  return (LOG_LEVELS as readonly unknown[]).includes(value);
}

const MAX_LOG_BYTES = 64 * 1024;

/** A notification as it may be passed on: only the members that the protocol knows; null when it has not their form. */
export function noticeOf(method: string, params: unknown): Notice | null {
  if (typeof params !== "object" || params === null) return null;
  const told = params as Readonly<Record<string, unknown>>;
  if (method === "notifications/subscriptions/acknowledged") return { method, params: {} };
  if (method === "notifications/progress") return progressOf(told);
  return method === "notifications/message" ? logOf(told) : null;
}

function progressOf({ progress, total, message }: Readonly<Record<string, unknown>>): Notice | null {
  if (typeof progress !== "number") return null;
  const more = {
    ...(typeof total === "number" ? { total } : {}),
    ...(typeof message === "string" ? { message } : {}),
  };
  return { method: "notifications/progress", params: { progress, ...more } };
}

function logOf({ level, logger, data }: Readonly<Record<string, unknown>>): Notice | null {
  if (!isLogLevel(level) || data === undefined) return null;
  const shown = { level, ...(typeof logger === "string" ? { logger } : {}), data };
  return JSON.stringify(shown).length > MAX_LOG_BYTES ? null : { method: "notifications/message", params: shown };
}
