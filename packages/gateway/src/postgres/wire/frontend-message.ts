/** One message of a client, parsed whole: nothing goes to the server that was not understood. */
export type FrontendMessage =
  | { readonly type: "query"; readonly sql: string }
  | ParseMessage
  | BindMessage
  | { readonly type: "describe"; readonly of: Named; readonly name: string }
  | ExecuteMessage
  | { readonly type: "close"; readonly of: Named; readonly name: string }
  | { readonly type: "flush" }
  | { readonly type: "sync" }
  | { readonly type: "terminate" }
  | { readonly type: "functionCall" }
  /** Whole messages in the form of the protocol, or pieces of one that is large. */
  | { readonly type: "copyData"; readonly bytes: Buffer }
  | { readonly type: "copyDone" }
  | { readonly type: "copyFail"; readonly reason: string }
  /** Nothing more is read after it. */
  | { readonly type: "malformed"; readonly reason: string };

/** Prepared statement or portal. */
export type Named = "S" | "P";

export interface ParseMessage {
  readonly type: "parse";
  readonly name: string;
  readonly sql: string;
  /** Object ids of the types of parameters, as far as the client says them; 0: it does not. */
  readonly types: readonly number[];
}
export interface BindMessage {
  readonly type: "bind";
  readonly portal: string;
  readonly statement: string;
  /** 0 text, 1 binary: none for all text, one for all, or one for each parameter. */
  readonly formats: readonly number[];
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}
export interface ExecuteMessage {
  readonly type: "execute";
  readonly portal: string;
  /** Most rows; 0: all. */
  readonly limit: number;
}
