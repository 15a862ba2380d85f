/*
 * The stop protocol (ADR 0007, design 7): leases, acknowledgements, receipts. README.md beside it says what is covered and what is not.
 *
 * Time is counted in ticks and never absolute: leases and waits are counters that end, so runs of any length are searched. Events between
 * two ticks happen in any order; a process that takes no step for a while is one that was paused, cut off or slow. A message that was sent
 * stays until the next of its kind replaces it and may be received at any time, again and again, or never: that is delay, repetition, loss.
 *
 * Features, each a -D: INFLIGHT (an action from decided to released), OTHER (another change beside the stop), MEMBERS (two processes of one
 * identity: join, crash, leave), TWO_POINTS (two identities), FAILOVER=n (of the primary, n times), BOUNDED (every stop ends in time),
 * SERVERS=n, PROCESSES=n, L=n. Mutants, each a -D, are named where they change a rule.
 */
#ifndef L
#define L 2 /* lease */
#endif
#define D 1 /* ticks that the clock of a point may fall behind while a lease lasts */
#ifdef NO_MARGIN
#define MARGIN 0
#else
#define MARGIN D
#endif
#define END (L + MARGIN)
#ifndef SERVERS
#define SERVERS 2
#endif
#ifndef PROCESSES
#if defined(MEMBERS) || defined(TWO_POINTS)
#define PROCESSES 2
#else
#define PROCESSES 1
#endif
#endif
#ifdef TWO_POINTS
#define ID(p) p /* of which point p is a process */
#define POINTS 2
#else
#define ID(p) 0
#define POINTS 1
#endif

/* ---- the primary: what is committed ---- */
#define AWAY 0
#define ACTIVE 1
#define LEAVING 2
byte head;             /* newest version */
byte vStop;            /* version of the stop; 0: not committed */
bool other;            /* another change was committed */
bool receipt;          /* signed, stored and returned to the caller */
#ifdef LOSSY_STANDBY
bool lost;
#endif
#if WITNESS == 3
byte taker;
#endif
byte status[POINTS];   /* of the record of each point */
byte instance[POINTS]; /* the process that may renew */
byte holder[POINTS];   /* 1 + the process that may hold a lease at the stop's version; 0: none */
byte gen;              /* generation */
#ifdef INVERSION
byte reserved; /* number of the stop, handed out before its commit */
byte top;
#endif

/* ---- the servers ---- */
bool knows[SERVERS]; /* of a stop without a receipt, and waits for it */
byte waited[SERVERS]; /* ticks since then, on its own clock */
byte acked[SERVERS];  /* processes whose acknowledgement it counted, as bits */
byte leaving[SERVERS]; /* 1 + ticks since it found the record `leaving`; 0: not found */
#ifdef FAILOVER
byte at[SERVERS]; /* generation of the primary that it is connected to */
#define PRIMARY(s) (at[s] == gen)
#define GEN gen
#else
#define PRIMARY(s) UP(s)
#define GEN 0
#endif
#ifdef BOUNDED
bool down[SERVERS];
byte calm;     /* ticks since the stop was committed, or since the last crash */
byte crashes;
byte unseen[SERVERS];
#define UP(s) (!down[s])
#define SOON 1 /* ticks after which a server has looked at the primary */
#else
#define UP(s) true
#endif
#ifdef STALE
byte cache[SERVERS]; /* version that its replica, or a read that began earlier, has */
#endif
#ifdef REMEMBERED
bool remembers[SERVERS]; /* that it granted a lease */
#endif
#ifdef NO_BARRIER
byte deposed; /* version at which the deposed primary stands */
#endif

/* ---- the processes of points ---- */
bool alive[PROCESSES];
bool ended[PROCESSES];  /* has said that it leaves */
byte lease[PROCESSES];  /* ticks left, on its own clock */
byte slip[PROCESSES];   /* ticks until its clock may fall behind again */
byte applied[PROCESSES];
byte pgen[PROCESSES];
bool braked[PROCESSES]; /* the stop is in its replica */
/* messages: renewal or join, its answer, push of the stop, push of the other change, acknowledgement, leave */
bool ask[PROCESSES];   byte askAge[PROCESSES]; byte askFrom[PROCESSES];
byte ans[PROCESSES];   byte ansAge[PROCESSES]; byte ansV[PROCESSES]; byte ansG[PROCESSES];
byte ansStop[PROCESSES]; /* 0: the stop was not committed when this was read; 1: it was, and is not sent again; 2: it is in the answer */
bool push[PROCESSES];  byte pushG[PROCESSES];
bool pushO[PROCESSES];
byte ack[PROCESSES]; /* the version that it is for */
bool leave[PROCESSES];
#ifdef OTHER
byte vOther;
#endif
#ifdef INFLIGHT
#define DECIDED 1
#define RECORDED 2
#define SENT 3
#define ANSWERED 4
#define SENDING 5   /* only in mutants: tested, not yet written */
#define RELEASING 6
byte act[PROCESSES];
bool writes[PROCESSES]; /* its effect is not `read` */
bool mark[PROCESSES];
bool told[PROCESSES]; /* its disposition was reported */
#endif

/* ---- what is checked ---- */

/* INV-3: no byte upstream and none to the agent after the receipt, nor after a disposition was reported. */
#ifdef INFLIGHT
#if WITNESS == 6 /* an action that is carried out to its end */
#define BYTE(p) assert(act[p] != ANSWERED)
#else
#define BYTE(p) assert(!receipt && !told[p])
#endif
#define OPEN(p) false
#else
/* Without actions: nowhere is there a valid lease over a replica without the stop. */
#define OPEN(p) (receipt && alive[p] && lease[p] > 0 && !braked[p])
#endif

/* ---- time ---- */
inline ages(p) {
  if :: ask[p] && askAge[p] < L -> askAge[p]++ :: else fi;
  if :: ans[p] && ansAge[p] < L -> ansAge[p]++ :: else fi;
#ifdef MEMBERS
  if :: ansAge[p] == L -> noAns(p) :: else fi; /* extends nothing any more */
#endif
  if :: lease[p] > 0 -> lease[p]-- :: else fi
}
inline clock(p) {
#ifdef SUSPEND_UNSEEN
  if :: skip :: ages(p) fi
#else
  if
  :: slip[p] > 0 -> slip[p]--; ages(p)
  :: slip[p] == 0 -> ages(p)
  :: slip[p] == 0 && (lease[p] > 0 || ask[p] || ans[p]) -> slip[p] = L + D - 1
  fi
#endif
}
inline serverClock(s) {
  if :: knows[s] && !receipt && waited[s] < END -> waited[s]++ :: else fi;
  if :: leaving[s] > 0 && leaving[s] <= END -> leaving[s]++ :: else fi;
#ifdef BOUNDED
  if :: vStop && !receipt && !knows[s] && UP(s) && unseen[s] <= SOON -> unseen[s]++ :: else fi
#endif
}

/* ---- a stop ---- */
inline noAsk(p) { ask[p] = 0; askAge[p] = 0; askFrom[p] = 0 }
inline noAns(p) { ans[p] = 0; ansAge[p] = 0; ansV[p] = 0; ansG[p] = 0; ansStop[p] = 0 }
#ifdef REMEMBERED
#define HOLDS(s, i) (holder[i] && remembers[s])
#elif defined(NOT_LEAVING)
#define HOLDS(s, i) (holder[i] && status[i] == ACTIVE && holder[i] == instance[i] + 1)
#else
#define HOLDS(s, i) (holder[i] && status[i] != AWAY && holder[i] == instance[i] + 1)
#endif
#ifdef ACK_ANY_INSTANCE
#define ACKED(s, i) (acked[s] != 0)
#else
#define ACKED(s, i) ((acked[s] >> (holder[i] - 1)) & 1)
#endif
#define OVER(s) (waited[s] >= END)
#define DONE(s, i) (!HOLDS(s, i) || ACKED(s, i))
#if POINTS == 2
#define ALL_DONE(s) (DONE(s, 0) && DONE(s, 1))
#else
#define ALL_DONE(s) DONE(s, 0)
#endif
#ifdef ACKS_ONLY
#define SETTLES(s) (knows[s] && PRIMARY(s) && !receipt && ALL_DONE(s))
#else
#define SETTLES(s) (knows[s] && PRIMARY(s) && !receipt && (ALL_DONE(s) || waited[s] >= END))
#endif

inline commitStop(s) {
#ifdef INVERSION
  vStop = reserved; reserved = 0;
  if :: vStop > head -> head = vStop :: else fi;
#else
  head++; vStop = head;
#endif
  knows[s] = true; waited[s] = 0;
#if WITNESS == 3
  taker = s;
#endif
  holder[0] = (status[0] == AWAY -> 0 : instance[0] + 1);
#if POINTS == 2
  holder[1] = (status[1] == AWAY -> 0 : instance[1] + 1);
#endif
}
inline forgetAll(s) {
  knows[s] = false; waited[s] = 0; acked[s] = 0; leaving[s] = 0;
#ifdef REMEMBERED
  remembers[s] = false;
#endif
}
inline settled(s) {
#if WITNESS == 1 /* a receipt before the leases are over, and not because nobody holds one */
  assert(!(ALL_DONE(s) && holder[0] && !OVER(s)));
#elif WITNESS == 2 /* a receipt without an acknowledgement */
  assert(!(holder[0] && !acked[s]));
#elif WITNESS == 3 /* a receipt by a server that did not take the stop, while the other one has forgotten it */
  assert(s == taker || knows[taker]);
#elif WITNESS == 4 /* a stop that waits for the second process that works under an identity */
  assert(holder[0] != 2);
#elif WITNESS == 5 /* a receipt after a failover */
  assert(!gen);
#endif
  receipt = true;
  holder[0] = 0;
#if POINTS == 2
  holder[1] = 0;
#endif
  knows[0] = false; waited[0] = 0; acked[0] = 0;
#if SERVERS == 2
  knows[1] = false; waited[1] = 0; acked[1] = 0;
#endif
  ack[0] = 0;
#if PROCESSES == 2
  ack[1] = 0;
#endif
#ifdef MEMBERS
  noAsk(0); leave[0] = false; noAsk(PROCESSES - 1); leave[PROCESSES - 1] = false; status[0] = AWAY; instance[0] = 0; leaving[0] = 0; leaving[SERVERS - 1] = 0
#endif
}

/* ---- renewals ---- */
inline answer(s, p, version, generation) {
  ans[p] = 1; ansAge[p] = askAge[p]; ansV[p] = version; ansG[p] = generation;
  if
  :: vStop == 0 -> ansStop[p] = 0
#if defined(STALE) || defined(NO_BARRIER)
  :: vStop > 0 && vStop > version -> ansStop[p] = 0
#define SEEN (vStop <= version)
#else
#define SEEN true
#endif
  :: vStop > 0 && SEEN && vStop <= askFrom[p] -> ansStop[p] = 1
  :: vStop > 0 && SEEN && vStop > askFrom[p] -> ansStop[p] = 2
  fi;
#ifdef REMEMBERED
  remembers[s] = true;
#endif
}
inline forgetLeaving() {
#ifdef LEAVING_UNVERSIONED
  skip
#else
  leaving[0] = 0;
#if SERVERS == 2
  leaving[1] = 0;
#endif
#endif
}
/*
 * Where processes come and go every renewal is a join: that of the instance in the record only renews while the record is active, and
 * makes a leaving one active again. After the receipt nothing more is asked or answered there: every answer that is read after the commit
 * brings the stop, as the runs without MEMBERS show.
 */
#ifdef MEMBERS
#ifdef SECOND_AT_ONCE
#define MAY_JOIN(p) true
#else
#define MAY_JOIN(p) (status[0] == AWAY || instance[0] == p)
#endif
#define ASKED(s, p) \
  if \
  :: MAY_JOIN(p) && !receipt -> \
     if :: status[0] == ACTIVE && instance[0] == p :: else -> status[0] = ACTIVE; instance[0] = p; forgetLeaving() fi; \
     if :: alive[p] -> answer(s, p, VERSION(s), GEN) :: else fi \
  :: else -> noAsk(p) \
  fi
#else
#define ASKED(s, p) answer(s, p, VERSION(s), GEN)
#endif

/* Marks what is covered in one step. */
inline brake(p) {
  braked[p] = true;
#ifdef INFLIGHT
  if :: act[p] -> mark[p] = true :: else fi
#endif
}
#ifdef GEN_REGRESS
#define BELIEVED(p) (ansG[p] < pgen[p] || ansV[p] >= applied[p])
#elif defined(VERSION_FALLS)
#define BELIEVED(p) (ansG[p] >= pgen[p])
#else
#define BELIEVED(p) (ansG[p] >= pgen[p] && ansV[p] >= applied[p])
#endif
inline apply(p) {
  if
  :: ansStop[p] == 2 -> brake(p)
#if defined(GEN_REGRESS) || defined(VERSION_FALLS)
  :: ansStop[p] == 0 -> braked[p] = false /* what is told is taken for what is */
  :: ansStop[p] == 1
#else
  :: else
#endif
  fi;
  pgen[p] = ansG[p]; applied[p] = ansV[p]
}
inline extend(p) {
#ifdef FROM_RECEIPT
  lease[p] = L
#else
  if :: L - ansAge[p] > lease[p] -> lease[p] = L - ansAge[p] :: else fi
#endif
}
#ifdef EXTEND_FIRST
#define FIRST(p) extend(p)
#define SECOND(p) if :: BELIEVED(p) -> apply(p) :: else fi
#else
#define FIRST(p) apply(p)
#define SECOND(p) if :: ansG[p] >= pgen[p] -> extend(p) :: else fi
#endif
#ifdef MEMBERS
#define THEN(p) SECOND(p)
#else
#define THEN(p) ans[p] = 2 /* applied; extended in a step of its own */
#endif

#ifdef INFLIGHT
inline over(p) { act[p] = 0; writes[p] = false; mark[p] = false; told[p] = false }
#define GATE(p) (lease[p] > 0 && !mark[p])
#endif
inline dies(p) {
  alive[p] = false; ended[p] = false; lease[p] = 0; applied[p] = 0; pgen[p] = 0; braked[p] = false; slip[p] = 0;
  noAns(p); push[p] = false; pushG[p] = 0; pushO[p] = false;
  if :: ask[p] -> askAge[p] = L :: else fi;
#ifdef INFLIGHT
  over(p)
#endif
}

#define SERVER(s) \
  :: atomic { STOPPABLE(s) -> commitStop(s) } \
  :: atomic { vStop && !receipt && !knows[s] && PRIMARY(s) && TAKES_OVER -> knows[s] = true; waited[s] = SEEN_SINCE } \
  :: atomic { SETTLES(s) -> settled(s) } \
  CRASH(s)
#ifdef BOUNDED
#define CRASH(s) \
  :: atomic { UP(s) && crashes < 2 -> forgetAll(s); down[s] = true; crashes++; calm = 0; unseen[s] = 0 } \
  :: atomic { down[s] -> down[s] = false }
#else
#define CRASH(s) :: atomic { knows[s] || leaving[s] REMEMBERING(s) -> forgetAll(s) }
#endif
#ifdef REMEMBERED
#define REMEMBERING(s) || remembers[s]
#else
#define REMEMBERING(s)
#endif
#ifdef INVERSION
#define STOPPABLE(s) reserved && PRIMARY(s)
#else
#define STOPPABLE(s) !vStop && PRIMARY(s)
#endif
#ifdef NO_TAKEOVER
#define TAKES_OVER false
#else
#define TAKES_OVER true
#endif
#ifdef FOREIGN_CLOCK
#define SEEN_SINCE END /* by the time that another machine wrote down; this one's clock is ahead */
#else
#define SEEN_SINCE 0
#endif

/* The answer is read from the primary after the renewal arrived, by a transaction that only the primary commits. */
#ifdef STALE
#define VERSION(s) cache[s]
#else
#define VERSION(s) head
#endif
inline forgotten(p) {
  noAsk(p); noAns(p); push[p] = false; pushG[p] = 0; pushO[p] = false; ack[p] = 0; leave[p] = false
}
#define LINK(s, p) \
  :: atomic { ask[p] && PRIMARY(s) -> ASKED(s, p) } \
  :: atomic { UP(s) && knows[s] && !receipt && alive[p] && !push[p] -> push[p] = true; PUSH_GEN(s, p) } \
  :: atomic { UP(s) && knows[s] && !receipt && ack[p] && COUNTS(p) && !((acked[s] >> p) & 1) -> \
       acked[s] = acked[s] | (1 << p) }
/* An acknowledgement counts for the change that it answers. */
#ifdef ACK_OLD
#define COUNTS(p) (ack[p] <= vStop)
#elif defined(ACK_LATER)
#define COUNTS(p) (ack[p] >= vStop)
#else
#define COUNTS(p) (ack[p] == vStop)
#endif
#ifdef FAILOVER
#define PUSH_GEN(s, p) pushG[p] = at[s]
#else
#define PUSH_GEN(s, p) skip
#endif

#ifdef OTHER
#define FROM(p) askFrom[p] = applied[p]
#else
#define FROM(p) skip /* with one change it makes no difference whether it is told twice */
#endif
#ifdef MEMBERS
#define GOES_ON (!receipt)
#else
#define GOES_ON true
#endif
#define PROCESS(p) \
  :: atomic { alive[p] && !ended[p] && GOES_ON -> ask[p] = true; askAge[p] = 0; FROM(p) } \
  :: atomic { alive[p] && !LATE(p) && ans[p] == 1 -> if :: BELIEVED(p) -> FIRST(p); THEN(p) :: else -> noAns(p) fi } \
  :: atomic { alive[p] && ans[p] == 2 -> if :: !LATE(p) -> SECOND(p) :: else fi; ans[p] = 1 } \
  :: atomic { alive[p] && !ended[p] && push[p] -> \
       if :: pushG[p] >= pgen[p] -> brake(p); pgen[p] = pushG[p] :: else fi } \
  :: atomic { alive[p] && !ended[p] && braked[p] && !receipt -> ack[p] = vStop; REPORT(p) } \
  :: atomic { OPEN(p) -> assert(false) }
#ifdef LATE_ANSWER
#define LATE(p) false
#else
#define LATE(p) ended[p]
#endif
#ifdef INFLIGHT
#define REPORT(p) if :: act[p] && mark[p] -> told[p] = true :: else fi
#else
#define REPORT(p) skip
#endif

/* A push tells one change and claims nothing about others: only answers raise the version that is applied. */
#ifdef PUSH_RAISES
#define RAISE(p) if :: applied[p] < vOther -> applied[p] = vOther :: else fi
#else
#define RAISE(p) skip
#endif
#define OTHER_CHANGE(p) \
  :: atomic { other && !pushO[p] && !receipt && alive[p] -> pushO[p] = true } \
  :: atomic { alive[p] && pushO[p] -> RAISE(p); if :: ack[p] == 0 -> ack[p] = vOther :: else fi }

#ifdef GATE_SEND
#define SEND(p) \
  :: atomic { (act[p] == RECORDED || (act[p] == DECIDED && !writes[p])) && GATE(p) -> act[p] = SENDING } \
  :: atomic { act[p] == SENDING -> BYTE(p); act[p] = SENT }
#else
#define SEND(p) \
  :: atomic { (act[p] == RECORDED || (act[p] == DECIDED && !writes[p])) && GATE(p) -> BYTE(p); act[p] = SENT }
#endif
#ifdef GATE_RELEASE
#define RELEASE(p) \
  :: atomic { act[p] == ANSWERED && GATE(p) -> act[p] = RELEASING } \
  :: atomic { act[p] == RELEASING -> BYTE(p); over(p) }
#else
#define RELEASE(p) :: atomic { act[p] == ANSWERED && GATE(p) -> BYTE(p); over(p) }
#endif
#ifdef NO_GUARD
#define RECORD(p) act[p] = RECORDED; assert(!vStop)
#else
#define RECORD(p) if :: vStop -> over(p) :: else -> act[p] = RECORDED; assert(!vStop) fi
#endif
#define ACTION(p) \
  :: atomic { alive[p] && !ended[p] && !act[p] && lease[p] > 0 && !braked[p] -> act[p] = DECIDED; if :: writes[p] = true :: skip fi } \
  :: atomic { act[p] == DECIDED && writes[p] -> RECORD(p) } \
  SEND(p) \
  :: atomic { act[p] == SENT -> act[p] = ANSWERED } \
  RELEASE(p) \
  :: atomic { act[p] && act[p] < SENDING && !GATE(p) -> over(p) }

/* What else a point that has processes coming and going does. */
#define MEMBER(p) \
  :: atomic { alive[p] && GOES_ON -> dies(p) } \
  :: atomic { !alive[p] && GOES_ON && FRESH(p) -> forgotten(p); alive[p] = true } \
  :: atomic { alive[p] && !ended[p] && !leave[p] && GOES_ON -> GOES(p); leave[p] = true }
/* A process that starts is another instance than any that something is still known of; its messages are gone by then. */
#define FRESH(p) ((status[0] == AWAY || instance[0] != p) \
  && holder[0] != p + 1 && !((acked[0] >> p) & 1) && !((acked[SERVERS - 1] >> p) & 1))
#ifdef LEAVE_KEEPS_LEASE
#define GOES(p) ended[p] = true
#elif defined(LATE_ANSWER)
#define GOES(p) ended[p] = true; lease[p] = 0
#else
#define GOES(p) dies(p)
#endif
#ifdef LEAVE_ANY_INSTANCE
#define LEAVES(p) (status[0] != AWAY)
#else
#define LEAVES(p) (status[0] != AWAY && instance[0] == p)
#endif
#define MEMBER_LINK(s, p) \
  :: atomic { leave[p] && PRIMARY(s) && GOES_ON -> if :: LEAVES(p) -> status[0] = AWAY; forgetLeaving() :: else fi }
#define MEMBER_SERVER(s) \
  :: atomic { status[0] == ACTIVE && PRIMARY(s) && GOES_ON -> status[0] = LEAVING; if :: leaving[s] == 0 -> leaving[s] = 1 :: else fi } \
  :: atomic { status[0] == LEAVING && leaving[s] == 0 && UP(s) && GOES_ON -> leaving[s] = 1 } \
  :: atomic { status[0] == LEAVING && leaving[s] > END && PRIMARY(s) && GOES_ON -> status[0] = AWAY; leaving[0] = 0; leaving[SERVERS - 1] = 0 }

#ifdef NO_BARRIER
#define FAIL_OVER deposed = head
#elif defined(LOSSY_STANDBY)
#define FAIL_OVER if :: vStop && vStop == head -> head--; vStop = 0; lost = true :: skip fi /* the standby did not have it yet */
#else
#define FAIL_OVER skip
#endif

init {
  atomic {
#ifndef MEMBERS
    alive[0] = true; status[0] = ACTIVE; instance[0] = 0;
#ifdef TWO_POINTS
    alive[1] = true; status[1] = ACTIVE; instance[1] = 1;
#endif
#endif
    skip
  };
  do
  :: atomic {
#ifdef BOUNDED
#define DUE(s) (UP(s) && (SETTLES(s) || (vStop && !receipt && !knows[s] && TAKES_OVER && unseen[s] >= SOON)))
#if SERVERS == 2
       !DUE(0) && !DUE(1) ->
#else
       !DUE(0) ->
#endif
#else
       true ->
#endif
       clock(0);
#if PROCESSES == 2
       clock(1);
#endif
       serverClock(0);
#if SERVERS == 2
       serverClock(1);
#endif
#ifdef BOUNDED
       if
       :: vStop && !receipt && (UP(0) || UP(SERVERS - 1)) -> calm++; assert(calm <= END + SOON + 1)
       :: else -> calm = 0
       fi
#else
       skip
#endif
     }
  SERVER(0)
#if SERVERS == 2
  SERVER(1)
#endif
  PROCESS(0)
  LINK(0, 0)
#if SERVERS == 2
  LINK(1, 0)
#endif
#if PROCESSES == 2
  PROCESS(1)
  LINK(0, 1)
#if SERVERS == 2
  LINK(1, 1)
#endif
#endif
#ifdef OTHER
  OTHER_CHANGE(0)
#if PROCESSES == 2
  OTHER_CHANGE(1)
#endif
#ifdef INVERSION
  :: atomic { !other -> other = true; top++; vOther = top; head = top }
  :: atomic { !reserved && !vStop -> top++; reserved = top }
#else
  :: atomic { !other -> other = true; head++; vOther = head }
#endif
#endif
#ifdef INFLIGHT
  ACTION(0)
#if PROCESSES == 2
  ACTION(1)
#endif
#endif
#ifdef MEMBERS
  MEMBER(0)
  MEMBER_LINK(0, 0)
  MEMBER_SERVER(0)
#if PROCESSES == 2
  MEMBER(1)
  MEMBER_LINK(0, 1)
#endif
#if SERVERS == 2
  MEMBER_LINK(1, 0)
  MEMBER_SERVER(1)
#if PROCESSES == 2
  MEMBER_LINK(1, 1)
#endif
#endif
#endif
#ifdef FAILOVER
  :: atomic { gen < FAILOVER -> FAIL_OVER; gen++ }
  :: atomic { at[0] < gen -> at[0] = gen }
#if SERVERS == 2
  :: atomic { at[1] < gen -> at[1] = gen }
#endif
#ifdef NO_BARRIER
  :: atomic { at[0] < gen && ask[0] -> answer(0, 0, deposed, at[0]) }
#endif
#endif
#ifdef STALE
  :: atomic { cache[0] < head -> cache[0] = head }
#if SERVERS == 2
  :: atomic { cache[1] < head -> cache[1] = head }
#endif
#endif
  od
}
