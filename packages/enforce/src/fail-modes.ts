import type { RefusalCode } from "@countersign/core";

/** What an action meets while something is broken: it goes on, or it is refused with one of these codes. */
export type Met = "goes on" | readonly [RefusalCode, ...RefusalCode[]];

/** One row of the matrix: a dependency that fails in one way, seen from one kind of enforcement point. */
export interface FailMode {
  /** Names the row; the end-to-end test has a way to break each. */
  readonly id: string;
  readonly dependency: "database" | "ledger" | "stream" | "clock" | "policy" | "upstream" | "approvals";
  /** How it fails. */
  readonly fault: string;
  /** `own`: in the control plane's process; `joined`: `countersign gateway`. */
  readonly point: "own" | "joined";
  /** What an action that only reads meets. */
  readonly reads: Met;
  /** What any other action meets; for `approvals`: one that needs a signature. */
  readonly others: Met;
  /** What every action meets when it lasts longer than a lease; null: the same as before. */
  readonly lasting: RefusalCode | null;
  /** What happens next. */
  readonly next: string;
  /** Where it shows. */
  readonly shows: string;
}

const BACK = "the first renewal that is answered again brings the lease back";
const OWN_LEASE = "`/readyz` 503, the banner of the console, `countersign doctor`";
const JOINED_LEASE =
  "`/readyz` 503 of the gateway and its stderr; at the server `/readyz` 503 while its lease may run, the banner, `countersign doctor`";

/**
 * What happens when something that an enforcement point needs is gone (INV-2): no row of it permits anything that would be refused with
 * everything in order. `docs/operate/fail-modes.md` is made from this table, and `e2e/fail-modes.test.ts` breaks each thing for real.
 */
export const FAIL_MODES: readonly FailMode[] = [
  {
    id: "database-full",
    dependency: "database",
    fault: "its disk is full",
    point: "own",
    reads: ["ledger.unavailable", "lease.lost"],
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: BACK,
    shows: OWN_LEASE,
  },
  {
    id: "database-full",
    dependency: "database",
    fault: "its disk is full",
    point: "joined",
    reads: "goes on",
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: `reads go on from the spool up to its bound; ${BACK}`,
    shows: JOINED_LEASE,
  },
  {
    id: "database-gone",
    dependency: "database",
    fault: "cannot be reached",
    point: "own",
    reads: ["ledger.unavailable", "lease.lost"],
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: BACK,
    shows: OWN_LEASE,
  },
  {
    id: "database-gone",
    dependency: "database",
    fault: "cannot be reached",
    point: "joined",
    reads: "goes on",
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: `reads go on from the spool up to its bound; ${BACK}`,
    shows: JOINED_LEASE,
  },
  {
    id: "database-hangs",
    dependency: "database",
    fault: "does not answer",
    point: "own",
    reads: ["ledger.unavailable", "lease.lost"],
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: BACK,
    shows: OWN_LEASE,
  },
  {
    id: "database-hangs",
    dependency: "database",
    fault: "does not answer",
    point: "joined",
    reads: "goes on",
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: `reads go on from the spool up to its bound; ${BACK}`,
    shows: JOINED_LEASE,
  },
  {
    id: "ledger-files",
    dependency: "ledger",
    fault: "its files cannot be published",
    point: "own",
    reads: "goes on",
    others: "goes on",
    lasting: null,
    next: "entries stay durable in the journal and are published when the files can be written again",
    shows: "`countersign doctor`, the log",
  },
  {
    id: "spool-full",
    dependency: "ledger",
    fault: "the spool is full, because nobody merges it",
    point: "joined",
    reads: ["ledger.unavailable"],
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: "reads pass again when the spool was forwarded",
    shows: "`/metrics` and the log of the gateway; every refusal",
  },
  {
    id: "spool-disk",
    dependency: "ledger",
    fault: "the disk of the spool fails or is full",
    point: "joined",
    reads: ["ledger.unavailable"],
    others: "goes on",
    lasting: null,
    next: "after a failed write the spool takes nothing until the gateway is started again",
    shows: "`/readyz` 503 of the gateway, its log",
  },
  {
    id: "stream-cut",
    dependency: "stream",
    fault: "the link is cut",
    point: "joined",
    reads: "goes on",
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: `reads go on from the spool up to its bound; ${BACK}`,
    shows: JOINED_LEASE,
  },
  {
    id: "stream-silent",
    dependency: "stream",
    fault: "the link is half open: nothing passes, no error",
    point: "joined",
    reads: "goes on",
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: `reads go on from the spool up to its bound; ${BACK}`,
    shows: JOINED_LEASE,
  },
  ...(["own", "joined"] as const).flatMap((point): readonly FailMode[] => {
    const shows = point === "own" ? OWN_LEASE : JOINED_LEASE;
    const lost = { point, dependency: "clock", reads: ["lease.lost"], others: ["lease.lost"], lasting: null } as const;
    return [
      { ...lost, id: "clock-forward", fault: "jumps forward by more than a lease", next: BACK, shows },
      { ...lost, id: "clock-back", fault: "jumps back by more than a lease", next: BACK, shows },
      { ...lost, id: "clock-suspend", fault: "the machine was suspended", next: BACK, shows },
    ];
  }),
  {
    id: "clock-off",
    dependency: "clock",
    fault: "is more than a minute off that of the server",
    point: "joined",
    reads: ["lease.lost"],
    others: ["lease.lost"],
    lasting: "lease.lost",
    next: "renewals are refused with `point.clock` until the clock is set right",
    shows: JOINED_LEASE,
  },
  {
    id: "policy-none",
    dependency: "policy",
    fault: "none permits the action, or none can be used",
    point: "own",
    reads: ["policy.none"],
    others: ["policy.none"],
    lasting: null,
    next: "until an administrator signs one that can be used",
    shows: "every refusal; the log",
  },
  {
    id: "policy-error",
    dependency: "policy",
    fault: "a rule errors while it is evaluated",
    point: "own",
    reads: ["policy.error"],
    others: ["policy.error"],
    lasting: null,
    next: "until the rule is mended",
    shows: "every refusal names the rule",
  },
  {
    id: "upstream-gone",
    dependency: "upstream",
    fault: "cannot be started or reached",
    point: "own",
    reads: ["upstream.down"],
    others: ["upstream.down"],
    lasting: null,
    next: "each call tries again",
    shows: "every refusal",
  },
  {
    id: "upstream-silent",
    dependency: "upstream",
    fault: "does not answer",
    point: "own",
    reads: ["upstream.timeout"],
    others: ["upstream.timeout"],
    lasting: null,
    next: "the outcome is recorded as unknown",
    shows: "every refusal; the ledger",
  },
  {
    id: "upstream-garbage",
    dependency: "upstream",
    fault: "answers with something that is not the protocol",
    point: "own",
    reads: ["upstream.garbage"],
    others: ["upstream.garbage"],
    lasting: null,
    next: "the outcome is recorded as unknown; the connection is ended and each call makes another",
    shows: "every refusal; the ledger",
  },
  {
    id: "approvals-unrecorded",
    dependency: "approvals",
    fault: "the hold cannot be recorded",
    point: "joined",
    reads: "goes on",
    others: ["ledger.unavailable", "lease.lost"],
    lasting: "lease.lost",
    next: "nobody is asked and nothing is done",
    shows: "every refusal",
  },
  {
    id: "approvals-unanswered",
    dependency: "approvals",
    fault: "nobody answers",
    point: "own",
    reads: "goes on",
    others: ["countersignature.required"],
    lasting: null,
    next: "held; `countersignature.expired` when its time is up: a time-out never approves",
    shows: "the held text, the approvals page",
  },
];
