import type { Role, StateRecord } from "@countersign/core";
import type { z } from "zod";

/** Who is asking, as far as it was proved. */
export type Caller =
  | { readonly kind: "anyone" }
  /** The control socket: the owner of the data directory. It may look and tighten, never loosen (INV-12). */
  | { readonly kind: "local" }
  | {
      readonly kind: "human";
      readonly via: "cookie" | "session";
      readonly human: StateRecord<"human">;
      readonly session: StateRecord<"session">;
    };
export type CallerKind = "anyone" | "local" | "cookie" | "session";

export type QueryText = Readonly<Record<string, string | undefined>>;
export interface Request<B = unknown, Q = QueryText> {
  readonly caller: Caller;
  /** Path and query as they were asked for. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** What stands after `?`: as the row's schema reads it, else as texts. */
  readonly query: Q;
  readonly body: B;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
export interface Response {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless `type` says otherwise. */
  readonly body?: unknown;
  readonly type?: string;
}

/**
 * One route. `callers` says who may call it at all; a route without a row does not exist, a row without callers answers nobody.
 * It is checked before the handler runs, and only there.
 */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly callers: readonly CallerKind[];
  /** A human caller needs one of these roles; the control socket does not. */
  readonly roles?: readonly Role[];
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly handle: (request: Request) => Promise<Response>;
}

/** Writes out a row with the types of its body and query, checked against their schemas before it is called. */
export function route<B, Q extends z.ZodRawShape = never>(
  row: Omit<Route, "handle" | "body" | "query"> & {
    readonly body?: z.ZodType<B>;
    readonly query?: z.ZodObject<Q>;
    readonly handle: (
      request: Request<B, [Q] extends [never] ? QueryText : z.output<z.ZodObject<Q>>>,
    ) => Promise<Response>;
  },
): Route {
  return row as unknown as Route;
}

/** A human's name for entries and receipts, or `local`. */
export function callerName(caller: Caller): string {
  return caller.kind === "human" ? caller.human.id : caller.kind;
}
