import type { Notice } from "./upstream/listener.ts";

/** What an action tells its client before its answer: it passes the enforcement point like the answer does. */
export type ClientPartial =
  | { readonly kind: "notice"; readonly notice: Notice }
  /** Its conversation has questions that the client was not shown yet. */
  | { readonly kind: "questions" }
  | { readonly kind: "subscribed" }
  /** A method of `notifications/…`, and the resource that it names. */
  | { readonly kind: "changed"; readonly method: string; readonly uri: string | null };
