/** Bounds of the MCP gateway. Sizes in bytes, times in milliseconds. */
export interface McpLimits {
  /** A request must be whole within this time, so that slow senders hold nothing. */
  readonly requestMs: number;
  /** What a request may weigh beyond its arguments. */
  readonly requestSlackBytes: number;
  /** A known caller's request is read this far beyond the bound, so that its refusal can name it. */
  readonly requestOverreadBytes: number;
  /** Largest message that an upstream may send. */
  readonly answerBytes: number;
  /** Start of an upstream until it has shown its tools. */
  readonly connectMs: number;
  /** How long an upstream may leave the question for its newest revision unanswered. */
  readonly probeMs: number;
  /** Silence of an upstream during a call; each progress notification begins it anew. */
  readonly callMs: number;
  /** An upstream connection that nobody used for that long is closed. */
  readonly idleMs: number;
  /** An answer that takes longer goes on as an event stream, so that nothing between takes it for dead. */
  readonly streamAfterMs: number;
  /** How long a client may take for the answer to a question of an upstream. */
  readonly askMs: number;
  /** The same for a client of 2026, which comes back with it. */
  readonly parkMs: number;
  /** How long a client of 2025 that lost a stream may take to take it up again. */
  readonly resumeMs: number;
  readonly callsPerTask: number;
  /** Calls whose clients are to come back with an answer. */
  readonly parkedPerTask: number;
  readonly subscriptionsPerTask: number;
  readonly sessionsPerTask: number;
  readonly sessions: number;
  readonly connectionsPerTask: number;
  readonly connections: number;
}

export const DEFAULT_LIMITS: McpLimits = {
  requestMs: 60_000,
  requestSlackBytes: 64 * 1024,
  requestOverreadBytes: 8 * 1024 * 1024,
  answerBytes: 64 * 1024 * 1024,
  connectMs: 30_000,
  probeMs: 2000,
  callMs: 300_000,
  idleMs: 600_000,
  streamAfterMs: 15_000,
  askMs: 240_000,
  parkMs: 240_000,
  resumeMs: 30_000,
  callsPerTask: 64,
  parkedPerTask: 16,
  subscriptionsPerTask: 64,
  sessionsPerTask: 32,
  sessions: 10_000,
  connectionsPerTask: 16,
  connections: 1000,
};
