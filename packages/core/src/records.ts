import type { Grant } from "./chain.ts";
import type { BrakeScope } from "./brake.ts";
import type { AssertionJson, ChangeAct, Countersignature, SignedApproval } from "./countersignature.ts";
import type { Hold } from "./decision.ts";
import type { Effect } from "./effect.ts";
import type {
  AgentId,
  ApprovalId,
  BrakeId,
  DeviceId,
  HumanId,
  IntentId,
  InviteId,
  JoinId,
  MandateId,
  PointId,
  PolicyId,
  SessionId,
  TaskId,
} from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { Preview } from "./preview.ts";
import type { TermsOf, UpstreamTerms } from "./upstream.ts";

/** Text about a person: ciphertext under that person's key (AES-256-GCM, base64url of nonce ‖ ciphertext ‖ tag). */
export interface Sealed {
  readonly person: HumanId;
  readonly box: string;
}
export type Role = "admin" | "auditor";
/** A public key as a JWK (RFC 7517): Ed25519 (`OKP`) or P-256 (`EC`). */
export interface PublicJwk {
  readonly kty: "OKP" | "EC";
  readonly crv: "Ed25519" | "P-256";
  readonly x: string;
  readonly y?: string;
}

/**
 * All state is a set of records. `terms` is what rights rest on: changing it loosens, so it carries a countersignature (INV-12);
 * `state` is what time and stops do to it. Each change of a record is one ledger entry that holds the record's digest.
 */
export interface Kinds {
  human: {
    id: HumanId;
    terms: { readonly roles: readonly Role[]; readonly name: Sealed };
    state: { readonly status: "pending" | "active" | "inactive" };
  };
  passkey: {
    /** The credential id, base64url. */
    id: string;
    terms: {
      readonly human: HumanId;
      /** COSE key, base64url. */
      readonly publicKey: string;
      readonly aaguid: string;
      readonly backedUp: boolean;
      readonly transports: readonly string[];
    };
    state: { readonly status: "pending" | "active" | "revoked"; readonly counter: number };
  };
  device: {
    id: DeviceId;
    terms: {
      readonly owner: HumanId;
      readonly jwk: PublicJwk;
      readonly jkt: string;
      readonly tier: "software" | "os" | "hardware";
      readonly name: Sealed;
    };
    state: { readonly status: "active" | "lost" | "retired" };
  };
  /** Latest posture report of a device: signed by the device, so it proves itself. Not an entry of the ledger unless it changes. */
  posture: {
    id: DeviceId;
    terms: { readonly evidence: string };
    state: { readonly status: "reported" };
  };
  agent: {
    id: AgentId;
    terms: {
      readonly name: string;
      readonly owner: HumanId;
      readonly purpose: Sealed;
      readonly scope: readonly Grant[];
      readonly expiresAt: string;
      readonly salt: string;
    };
    state: {
      readonly status: "active" | "suspended" | "retired" | "owner_lost";
      /** SHA-256 of executables that have acted as this agent. */
      readonly executables: readonly string[];
    };
  };
  task: {
    id: TaskId;
    terms: {
      /** Null: a person's own work. Its terms are signed (`task.open`). */
      readonly agent: AgentId | null;
      readonly human: HumanId;
      readonly device: DeviceId;
      /** The session that opened it; null for unattended work, which names its mandate instead. */
      readonly session: SessionId | null;
      readonly mandate?: MandateId;
      readonly purpose: Sealed;
      readonly grants: readonly Grant[];
      readonly openedAt: string;
      readonly expiresAt: string;
      readonly idleSeconds: number;
      readonly runtime: Runtime | null;
    };
    state: {
      readonly status: "live" | "ended" | "severed";
      /** RFC 7638 thumbprints of the keys that hold a credential of this task. */
      readonly jkts: readonly string[];
      /** Points for which it was given credentials by name: of those on other machines only these are told of it. Absent: any. */
      readonly gateways?: readonly PointId[];
      readonly cause: string | null;
    };
  };
  /** Signed permission to open tasks unattended (design 6). It never acts; it dies with its owner, its agent and its device. */
  mandate: {
    id: MandateId;
    terms: {
      readonly agent: AgentId;
      readonly owner: HumanId;
      /** The workload: whoever holds this device's key may open tasks. */
      readonly device: DeviceId;
      readonly purpose: Sealed;
      readonly grants: readonly Grant[];
      /** When it is meant to run, in the owner's words: shown, not enforced. */
      readonly trigger: Sealed;
      readonly tasksPerDay: number;
      readonly expiresAt: string;
      readonly salt: string;
    };
    state: {
      readonly status: "active" | "revoked";
      /** The day (UTC, `2026-01-31`) of the count, and how many tasks were opened on it. */
      readonly day: string;
      readonly opened: number;
    };
  };
  session: {
    id: SessionId;
    terms: {
      readonly human: HumanId;
      readonly device: DeviceId | null;
      /** Thumbprint of the session key (command line), or null for a browser. */
      readonly jkt: string | null;
      /** base64url SHA-256 of the cookie (browser), or null. */
      readonly cookieDigest: string | null;
      readonly expiresAt: string;
    };
    state: { readonly status: "active" | "ended" };
  };
  invite: {
    id: InviteId;
    terms: {
      readonly tokenDigest: string;
      readonly roles: readonly Role[];
      readonly expiresAt: string;
      /** A human's id, or `local`; absent in old ones. */
      readonly by?: string;
    };
    state: { readonly status: "open" | "used" | "closed" };
  };
  /** A place in which one gateway may join (ADR 0007): its token is kept as a digest. */
  join: {
    id: JoinId;
    terms: {
      /** Name of the point that it is for. */
      readonly name: string;
      readonly tokenDigest: string;
      readonly expiresAt: string;
    };
    state: { readonly status: "open" | "used" | "ended" };
  };
  /** An enforcement point (ADR 0007). With an authority (`point.trust`) it is also given secrets from the store. */
  point: {
    id: PointId;
    terms: {
      readonly name: string;
      /** `own`: a part of the control plane's process; `joined`: a process of its own, with an identity of its own. */
      readonly place: "own" | "joined";
      /** RFC 7638 thumbprint of the key in its certificate, so that trust in it is trust in this key; null for a point of this process. */
      readonly jkt: string | null;
      /** When it joined with this key. */
      readonly joinedAt: string;
    };
    state: {
      /** May renew its lease; may not, but the last one may still run; holds none; never again. */
      readonly status: "active" | "leaving" | "away" | "removed";
      /** Removed while its last lease may still run: it does not renew, and becomes `removed` instead of `away`. */
      readonly removing?: true;
      /** When it was heard last, RFC 3339, of one that fell silent without a word; until it joins again. */
      readonly silentSince?: string;
      /** It fell silent: what it had begun may lack an outcome, and nobody has closed that yet. */
      readonly unclosed?: true;
      /** Digest of a secret of the one process that may renew; null for a point that is away. */
      readonly instance: string | null;
      /** How often it joined: only over the link of the last join is a stop acknowledged. */
      readonly joins?: number;
      /** Address at which clients reach it. */
      readonly url: string | null;
      /** `host:port` at which clients reach its PostgreSQL, in TLS with the certificate of a task; absent: it has none. */
      readonly postgres?: string;
    };
  };
  /** How far the spool of a point on another machine was merged into the ledger (ADR 0007). */
  spool: {
    id: PointId;
    terms: Record<string, never>;
    state: {
      /** `stopped`: what came contradicts what was merged, so that nothing more is. */
      readonly status: "merging" | "stopped";
      /** Which spool, 128 random bits in base64url: an emptied data directory begins another one. */
      readonly spool: string;
      /** The last frame that was merged, and the hash of the chain with it. */
      readonly seq: number;
      readonly hash: string;
      /** Longest time between an entry and its merging, in ms. */
      readonly lateMs: number;
      /** Why it was stopped. */
      readonly cause: string | null;
    };
  };
  policy: {
    id: PolicyId;
    terms: { readonly text: string; readonly hash: string };
    state: { readonly status: "active" | "superseded" };
  };
  upstream: {
    /** The upstream's name in the configuration. */
    id: string;
    terms: UpstreamTerms;
    state: { readonly status: "active" | "removed" };
  };
  settings: {
    id: "settings";
    terms: Settings;
    state: {
      readonly status: "active";
      /** The longest lease and margin that was in force before, in ms: a point that was not reached since may hold it. */
      readonly formerLeaseMs?: number;
    };
  };
  /** The first human and passkey, and the digest of everything that was in force before them. */
  root: {
    id: "root";
    terms: {
      readonly human: HumanId;
      readonly passkey: string;
      readonly origin: string;
      readonly rpId: string;
      /** What was in force before the first human: policy, upstreams, settings. */
      readonly records: readonly { readonly kind: string; readonly id: string; readonly termsDigest: string }[];
      /** base64url SHA-256 of the JCS form of `records`: part of every later signature. */
      readonly genesis: string;
    };
    state: { readonly status: "active" };
  };
  brake: {
    id: BrakeId;
    terms: {
      readonly kind: "freeze" | "sever";
      readonly scope: BrakeScope;
      readonly reason: Sealed | string;
      readonly by: string;
      readonly at: string;
      /** Agents whose tasks a sever ended: they open none until the owner signs. */
      readonly agents: readonly AgentId[];
    };
    state: { readonly status: "active" | "thawed" };
  };
  approval: {
    id: ApprovalId;
    terms: ApprovalTerms;
    state: {
      readonly status: "pending" | "approved" | "denied" | "expired" | "consumed" | "void";
      readonly answers: readonly SignedAnswer[];
      /** Uses so far, of a signature that covers several; absent: none. */
      readonly used?: number;
      /** The intent of the last use. */
      readonly intent: IntentId | null;
      /** Why it was denied, in the person's words; or what made it void. */
      readonly cause: Sealed | string | null;
    };
  };
}
export type Kind = keyof Kinds;

export interface StateRecord<K extends Kind = Kind> {
  readonly kind: K;
  readonly id: Kinds[K]["id"];
  /** Number of the commit that wrote it; 0 for a record that is not stored yet. Grows over all records, in commit order. */
  readonly version: number;
  readonly terms: Kinds[K]["terms"];
  readonly state: Kinds[K]["state"];
  /** Proof of the terms; `genesis` for what was in force before the first human; null for kinds that widen nothing. */
  readonly authority: Countersignature | "genesis" | null;
}
export type AnyRecord = { [K in Kind]: StateRecord<K> }[Kind];

/** What ran the client: read from the operating system by the shim. */
export interface Runtime {
  readonly executable: string;
  readonly sha256: string;
  readonly pid: number;
  readonly uid: number;
}

/** The record of an upstream of one kind. */
export type UpstreamRecord<K extends UpstreamTerms["kind"] = UpstreamTerms["kind"]> = StateRecord<"upstream"> & {
  readonly terms: TermsOf<K>;
};

export function isUpstreamOf<K extends UpstreamTerms["kind"]>(
  kind: K,
  record: StateRecord<"upstream">,
): record is UpstreamRecord<K> {
  return record.terms.kind === kind;
}

export interface Settings {
  readonly publicUrl: string;
  readonly trustDomain: string;
  readonly approvals: { readonly waitSeconds: number; readonly expirySeconds: number };
  readonly lease: { readonly seconds: number; readonly renewSeconds: number; readonly marginMs: number };
  readonly limits: { readonly argumentsBytes: number; readonly depth: number };
}

/** One person's answer to an approval. */
export interface SignedAnswer {
  readonly signed: SignedApproval;
  readonly assertion: AssertionJson;
  /** Milliseconds from when the control plane first showed it to this person until it had the signature; absent for old answers. */
  readonly tookMs?: number;
}

export interface ApprovalTerms {
  readonly subject: "call" | "change";
  readonly callDigest: string | null;
  readonly change: ChangeAct | null;
  readonly action: string;
  readonly resource: string;
  /** All resources of a call that has several. */
  readonly resources?: readonly string[];
  readonly effect: Effect;
  readonly argsCommitment: string | null;
  readonly holds: readonly Hold[];
  /** Who may answer: `owner` (the human of the chain), `role:<name>`, or `self` (any active human, for themselves). */
  readonly approvers: string;
  readonly human: HumanId | null;
  readonly device: DeviceId | null;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly policySetHash: string;
  readonly riskLevel: string;
  readonly notBefore: string;
  readonly expiresAt: string;
  readonly nonce: string;
  /** Name of the encrypted, erasable blob with the exact call, or with what a change proposes. */
  readonly payload: string;
  /** Keyed digest (HMAC-SHA256) of the call's identity, by which a repeat is found; null for a change. */
  readonly match: string | null;
}

/** The exact call that waits for an approval: kept encrypted, shown to the approver, run when approved. */
export interface HeldCall {
  readonly upstream: string;
  readonly method: string;
  readonly tool: string;
  readonly toolDefinitionHash: string | null;
  readonly action: string;
  readonly resource: string;
  readonly resources?: readonly string[];
  readonly effect: Effect;
  readonly arguments: JsonObject;
  /** base64url, 32 bytes: the salt of `argsCommitment`. */
  readonly salt: string;
  /** What it would do; absent: the upstream cannot be asked. */
  readonly preview?: Preview;
}
