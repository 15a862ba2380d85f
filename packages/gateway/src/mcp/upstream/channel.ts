import type { RefusalCode } from "@countersign/core";

export type UpstreamCode = Extract<RefusalCode, "upstream.down" | "upstream.timeout" | "upstream.garbage">;
export interface UpstreamFault {
  readonly code: UpstreamCode;
  /** One clause; never a secret. */
  readonly reason: string;
}

/** One JSON-RPC message on its way to an upstream. */
export interface Outgoing {
  /** One line of JSON, its end included. */
  readonly bytes: Buffer;
  readonly method: string;
  /** The id of a request; null for a notification or an answer. */
  readonly id: number | null;
  /** Further HTTP headers; without meaning on stdio. */
  readonly headers: Readonly<Record<string, string>>;
  /** The answer is a stream that stays open: no time-out of its own. */
  readonly openEnded?: boolean;
}

/** A message that is ready: everything that needs waiting is done and no byte of it has left. */
export type Reserved =
  | {
      readonly ok: true;
      /** Puts the whole message on the wire before it returns. */
      readonly send: () => void;
      /** Gives up the message, or the answer to it. */
      readonly abort: () => void;
    }
  | ({ readonly ok: false } & UpstreamFault);

/** How bytes reach one upstream and come back. */
export interface Channel {
  reserve(message: Outgoing, signal?: AbortSignal): Promise<Reserved>;
  /** Settings of the session that `initialize` began; without meaning on stdio. */
  adopt(protocolVersion: string): void;
  /** Closing the stream of one request is how this channel cancels it (2026-07-28 over HTTP). */
  readonly abortCancels: boolean;
  close(reason: string): Promise<void>;
}

export interface ChannelEvents {
  /** One whole message came; `forId` is the request on whose own stream it came, if it has one. */
  readonly message: (bytes: Buffer, forId: number | null) => void;
  /** Whether that request still waits for its answer. */
  readonly awaited: (id: number) => boolean;
  /** One request, or with `id` null the whole channel, will get no answer any more. */
  readonly lost: (id: number | null, fault: UpstreamFault) => void;
}
