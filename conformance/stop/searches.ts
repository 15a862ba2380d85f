/** What a search of the model must come to: `holds` finds no fault, `reached` and `fails` find the one state that they look for. */
export type Expected = "holds" | "reached" | "fails";

export interface Search {
  readonly title: string;
  /** Macros of `docs/protocol/stop/stop.pml`. */
  readonly macros: readonly string[];
  readonly expected: Expected;
  /** Bounded by this many seconds of hashed search, which may miss states; else every state is visited, or the search fails. */
  readonly boundedSeconds?: number;
}

type Row = readonly [macros: string, title: string];

const HOLDS: readonly Row[] = [
  ["SERVERS=2", "one point, two servers"],
  ["SERVERS=2 OTHER", "one point, two servers, another change"],
  ["SERVERS=2 INFLIGHT", "an action in flight, two servers"],
  ["SERVERS=1 INFLIGHT OTHER", "an action in flight, another change"],
  ["SERVERS=1 MEMBERS L=1", "two processes of one identity come and go"],
  ["SERVERS=2 MEMBERS PROCESSES=1", "one process comes and goes, two servers"],
  ["SERVERS=2 FAILOVER=2", "two failovers of the primary"],
  ["SERVERS=1 FAILOVER=1 INFLIGHT", "a failover, an action in flight"],
  ["SERVERS=2 BOUNDED", "every stop ends, though two crashes"],
  ["SERVERS=2 TWO_POINTS L=1", "two points, two servers"],
];

/** The states that make the searches above worth something. */
const REACHED: readonly Row[] = [
  ["SERVERS=2 WITNESS=1", "a receipt by acknowledgement, before leases are over"],
  ["SERVERS=2 WITNESS=2", "a receipt by lease, without an acknowledgement"],
  ["SERVERS=2 WITNESS=3", "a receipt by another server than took the stop"],
  ["SERVERS=1 MEMBERS L=1 WITNESS=4", "a stop that waits for a successor"],
  ["SERVERS=2 FAILOVER=1 WITNESS=5", "a receipt after a failover"],
  ["SERVERS=1 INFLIGHT WITNESS=6", "an action that is carried out to its end"],
];

/** One rule is left out in each. */
const FAILS: readonly Row[] = [
  ["SERVERS=1 FROM_RECEIPT", "lease counted from the answer's arrival"],
  ["SERVERS=1 NO_MARGIN", "no margin"],
  ["SERVERS=1 SUSPEND_UNSEEN", "a clock that stands still in suspend"],
  ["SERVERS=1 VERSION_FALLS", "versions that fall"],
  ["SERVERS=1 FAILOVER=1 GEN_REGRESS", "generation regress accepted"],
  ["SERVERS=2 REMEMBERED", "only leases that the server remembers are waited for"],
  ["SERVERS=1 STALE", "renewal answered from a replica, or from before its arrival"],
  ["SERVERS=1 OTHER INVERSION", "version handed out before its commit"],
  ["SERVERS=1 INFLIGHT GATE_SEND", "mark and lease tested before the step that sends"],
  ["SERVERS=1 INFLIGHT GATE_RELEASE", "mark and lease tested before the step that releases"],
  ["SERVERS=1 INFLIGHT NO_GUARD", "intents not refused by the transaction that records them"],
  ["SERVERS=1 MEMBERS L=1 NOT_LEAVING", "points that are `leaving` not waited for"],
  ["SERVERS=1 MEMBERS L=1 SECOND_AT_ONCE", "a second instance accepted at once"],
  ["SERVERS=1 MEMBERS L=1 ACK_ANY_INSTANCE", "acknowledgement of another instance counted"],
  ["SERVERS=1 MEMBERS L=1 PROCESSES=1 LEAVING_UNVERSIONED", "`leaving` finished without expecting its version"],
  ["SERVERS=1 MEMBERS L=1 LEAVE_ANY_INSTANCE", "`leave` of another instance obeyed"],
  ["SERVERS=1 MEMBERS L=1 LEAVE_KEEPS_LEASE", "`leave` said before the lease is dropped"],
  ["SERVERS=1 MEMBERS L=1 LATE_ANSWER", "an answer extends the lease after `leave`"],
  ["SERVERS=1 OTHER ACK_OLD", "acknowledgement of an older version counted"],
  ["SERVERS=1 OTHER ACK_LATER", "acknowledgement of a later change counted"],
  ["SERVERS=1 OTHER PUSH_RAISES", "a push counted as everything up to its version"],
  ["SERVERS=2 FAILOVER=1 NO_BARRIER", "a deposed primary answers without a barrier"],
  ["SERVERS=1 FAILOVER=1 LOSSY_STANDBY", "a standby that is behind is promoted"],
  ["SERVERS=1 EXTEND_FIRST", "lease extended before the answer is applied"],
  ["SERVERS=2 FOREIGN_CLOCK", "leases counted from the time that another machine wrote"],
  ["SERVERS=2 BOUNDED NO_TAKEOVER", "only the server that took a stop settles it"],
  ["SERVERS=2 BOUNDED ACKS_ONLY", "a receipt by acknowledgement alone"],
];

const TOGETHER: Search = {
  title: "everything together",
  macros: ["SERVERS=2", "MEMBERS", "INFLIGHT", "OTHER", "FAILOVER=1"],
  expected: "holds",
  boundedSeconds: 40,
};

const rows = (expected: Expected, table: readonly Row[]): readonly Search[] =>
  table.map(([macros, title]) => ({ title, macros: macros.split(" "), expected }));

/** Takes minutes and several GB: not part of what a change has to pass. */
export const DEEP: readonly Search[] = rows("holds", [
  ["SERVERS=1 MEMBERS", "two processes of one identity come and go, a longer lease"],
  ["SERVERS=2 MEMBERS L=1", "two processes of one identity come and go, two servers"],
  ["SERVERS=2 FAILOVER=1 OTHER", "a failover, another change"],
]);

/** Every search of `npm run conformance -- stop`. */
export const SEARCHES: readonly Search[] = [
  TOGETHER,
  ...rows("holds", HOLDS),
  ...rows("reached", REACHED),
  ...rows("fails", FAILS),
];
