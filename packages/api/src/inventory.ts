import type { Grant } from "@countersign/core";
import type { Named } from "./approvals.ts";

/**
 * One page of a list: the newest `limit`, or those before `before`; newest last, and first with `reverse=1`. `next` is the `before` of the
 * page that follows, null when there is none.
 */
export interface Paged {
  readonly next: string | null;
}

/** Names of a chain, as far as they are known and not erased. */
export interface ChainNames {
  readonly human: string | null;
  readonly device: string | null;
  readonly agent: string | null;
  /** The task's purpose. */
  readonly task: string | null;
}

/** The last thing that was decided for an agent or a task. */
export interface LastAction {
  /** RFC 3339. */
  readonly time: string;
  readonly action: string;
  readonly resource: string | null;
  readonly result: "permit" | "deny" | "hold";
  readonly code: string | null;
}

/** `GET /v1/agents?status=&owner=&limit=&before=&reverse=1`, `/v1/agents/{id}` */
export interface AgentView {
  readonly id: string;
  readonly name: string;
  readonly owner: Named | null;
  readonly purpose: string | null;
  readonly grants: readonly Grant[];
  readonly expiresAt: string;
  readonly status: "active" | "suspended" | "retired" | "owner_lost";
  /** SHA-256 of the executables that have acted as this agent. */
  readonly executables: readonly string[];
  readonly liveTasks: number;
  readonly last: LastAction | null;
  /** Ids of brakes in force that cover this agent. */
  readonly brakes: readonly string[];
}

/** `GET /v1/tasks?status=&agent=&limit=&before=&reverse=1`, `/v1/tasks/{id}` */
export interface TaskView {
  readonly id: string;
  /** Null: a person's own work. */
  readonly agent: string | null;
  readonly human: string;
  readonly device: string;
  readonly names: ChainNames;
  readonly purpose: string | null;
  readonly grants: readonly Grant[];
  readonly openedAt: string;
  readonly expiresAt: string;
  readonly status: "live" | "ended" | "severed";
  readonly cause: string | null;
  /** Path of the program that acts, as it said itself. */
  readonly executable: string | null;
  readonly last: LastAction | null;
  /** Decisions in the last minute. */
  readonly perMinute: number;
  /** Calls that wait for a human. */
  readonly held: number;
  readonly brakes: readonly string[];
}

/** `GET /v1/mandates`, `/v1/mandates/{id}`: who may work while nobody is signed in. */
export interface MandateView {
  readonly id: string;
  readonly agent: { readonly id: string; readonly name: string | null };
  readonly owner: Named | null;
  readonly device: { readonly id: string; readonly name: string | null };
  readonly purpose: string | null;
  /** What starts it, in words. */
  readonly trigger: string | null;
  readonly grants: readonly Grant[];
  readonly tasksPerDay: number;
  readonly openedToday: number;
  readonly expiresAt: string;
  readonly status: "active" | "revoked" | "expired";
}

/** `GET /v1/devices` */
export interface DeviceView {
  readonly id: string;
  readonly name: string | null;
  readonly owner: string;
  readonly ownerName: string | null;
  readonly tier: "software" | "os" | "hardware";
  readonly status: "active" | "lost" | "retired";
  readonly posture: Readonly<Record<string, unknown>> | null;
  readonly liveTasks: number;
}

/** `GET /v1/humans` */
export interface HumanView {
  readonly id: string;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly status: "pending" | "active" | "inactive";
}

/** An enforcement point, and whether it may act at all. */
export interface PointView {
  readonly id: string;
  readonly name: string;
  /** `lost`: it should hold one, and denies everything. `none`: it left in order, and nobody misses it. */
  readonly lease: "valid" | "lost" | "none";
  /** Of a lost lease: when the point was heard last; null: not known. */
  readonly lostSince: string | null;
}

/** `GET /v1/points`: all that were not removed. */
export interface PointDetail extends PointView {
  /** A part of the control plane's process, or a gateway of its own. */
  readonly place: "own" | "joined";
  readonly status: "active" | "leaving" | "away" | "removed";
  /** Where clients reach it. */
  readonly url: string | null;
  /** `host:port` of its PostgreSQL. */
  readonly postgres: string | null;
  readonly joinedAt: string | null;
  /** Thumbprint of its key. */
  readonly jkt: string | null;
  /** Whether it is given secrets that Countersign keeps for upstreams. */
  readonly secrets: boolean;
}

/** `GET /v1/overview` */
export interface Overview {
  readonly agentsActive: number;
  readonly tasksLive: number;
  readonly approvalsPending: number;
  /** Held calls among them; the others are changes that wait for a signature. */
  readonly callsHeld: number;
  readonly deniedLastHour: number;
  readonly brakes: number;
  readonly points: readonly PointView[];
  /** Decisions of the last hour, a minute each, oldest first; the last one is under way. */
  readonly minutes: readonly DecisionMinute[];
  /** From when on decisions were counted: later than an hour ago when more happened than is counted again after a start. */
  readonly countedSince: string;
}
export interface DecisionMinute {
  /** RFC 3339, start of the minute. */
  readonly at: string;
  readonly permit: number;
  readonly deny: number;
  readonly hold: number;
}
