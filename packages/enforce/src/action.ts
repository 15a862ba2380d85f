import type { ApprovalId, Call, IntentId, Json, Preview, Refusal, RefusalCode, Step } from "@countersign/core";
import type { Claims } from "./claims.ts";

/** One try to act, as a gateway hands it to {@link enforce}. */
export interface Action {
  /** What the credential proved, or why it proved nothing. */
  readonly claims: Claims;
  /** The call, or why it could not be formed (bad input, unknown tool): that is recorded and refused on the same path. */
  readonly call: Call | RefusedCall;
  /** The client went away or cancelled. */
  readonly signal: AbortSignal;
  /** Set by `countersign_wait`: run just the call that this approval names. */
  readonly approval?: ApprovalId;
  /** Nobody is asked about it: what would be held is refused. */
  readonly unheld?: true;
  /** Longest inline wait for a human, in ms, when the client waits less than the settings say. */
  readonly waitMs?: number;
}

export interface RefusedCall {
  readonly refused: { readonly step: Step; readonly code: RefusalCode; readonly reason: string };
  readonly action: string;
  readonly resource: string | null;
  /** All of them, when it was known that there are several. */
  readonly resources?: readonly string[];
}

/** What an upstream answered, or that it did not. */
export type UpstreamAnswer<A> =
  | {
      readonly ok: true;
      /** `rolled_back`: the upstream confirmed that all of it was undone. */
      readonly status: "ok" | "error" | "rolled_back";
      readonly value: A;
      /** Null: the result was not seen, or not all of it. */
      readonly bytes: Uint8Array | null;
    }
  | {
      readonly ok: false;
      readonly code: "upstream.down" | "upstream.timeout" | "upstream.garbage";
      readonly reason: string;
    }
  | ChangedEffect;

/** What was about to happen is not what a human signed: all of it was undone, and it is held anew with what it would do now. */
export interface ChangedEffect {
  readonly ok: false;
  readonly code: "countersignature.void";
  readonly reason: string;
  readonly preview: Preview;
}

/**
 * How a gateway carries out a permitted action. `prepare` does all that needs waiting (a connection) and sends no byte of the call.
 * `write` is called in the same tick as the last check: it must put the canonical bytes on the wire before it returns its promise.
 * Whatever it sends later within the same action (the answer to a question of the upstream) needs `permitted()` in the tick of the write.
 */
export interface Effector<A> {
  /** Told, before anything is sent, under which id the intent is recorded. */
  intended?(intent: IntentId): void;
  /** `approved`: what a human was shown of the effect and signed. */
  prepare(call: Call, signal: AbortSignal, approved?: Approved): Promise<Prepared<A>>;
  /**
   * What a call would do that is about to be held, for the human alone. Whatever goes wrong is an unknown effect with its reason; null: this
   * call says by itself what it does. No longer than {@link PREVIEW_MS}.
   */
  preview?(call: Call, signal: AbortSignal): Promise<Preview | null>;
}
/** Longest time for which a held call waits for its preview, in ms. */
export const PREVIEW_MS = 5000;

export interface Approved {
  readonly preview: Preview;
}
export type Prepared<A> =
  | {
      readonly ok: true;
      readonly write: (
        onPartial: (partial: unknown) => void,
        permitted: () => boolean,
        note: Note,
      ) => Promise<UpstreamAnswer<A>>;
      /** Tells the upstream that nobody waits any more; the answer, if one comes, is not delivered. */
      readonly cancel: (reason: string) => void;
      /** What the upstream asked the agent's client meanwhile: part of the outcome. */
      readonly exchanged?: () => readonly Exchange[];
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string };
/**
 * Says durably, before the last step of an action, by what its outcome can be found out later: until an outcome follows, it is unknown.
 * False: it could not be recorded, and that step must not be made.
 */
export type Note = (cause: Json) => Promise<boolean>;
/** One question of an upstream to the agent's client, and what that answered; null when it did not. */
export interface Exchange {
  readonly method: string;
  readonly question: Uint8Array;
  readonly answer: Uint8Array | null;
}

/** How a gateway answers its client. Each function writes synchronously: it runs in the same tick as the last check. */
export interface Releaser<A> {
  partial(partial: unknown): void;
  answer(value: A): void;
  refusal(refusal: Refusal, detail: RefusalDetail): void;
}
/** The two sides between which an action runs: its upstream and its client. */
export interface Ends<A> {
  readonly effector: Effector<A>;
  readonly releaser: Releaser<A>;
}
/** What the text of a refusal needs beyond the object `D`. */
export interface RefusalDetail {
  readonly action: string;
  readonly resource: string | null;
  readonly resources?: readonly string[];
  /** Who may sign a held action, in words. */
  readonly approver?: string;
}
