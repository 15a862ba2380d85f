/**
 * What a hint is about. `ledger`: entries were appended, only told to those who may read them; `point`: a lease was lost or came back;
 * `everything`: too much changed to name it all.
 */
export const HINT_KINDS = [
  "approval",
  "task",
  "agent",
  "device",
  "human",
  "brake",
  "mandate",
  "policy",
  "upstream",
  "point",
  "ledger",
  "everything",
] as const;
export type HintKind = (typeof HINT_KINDS)[number];

/**
 * One event of `GET /v1/events` (HTML standard, server-sent events), as JSON in `data`: something changed; read it again. It never holds
 * what it is about. `id:` is the version of the state; with `Last-Event-ID` a client is told what changed after it, also after a restart.
 */
export interface Hint {
  readonly kind: HintKind;
  /** Id of the record; null where it is about all of a kind. */
  readonly id: string | null;
}
