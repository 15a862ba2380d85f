/** What went wrong, what did not happen, and what to do next. `signIn`: the way on is to sign in again. */
export interface Explanation {
  readonly text: string;
  readonly signIn: boolean;
}

/** What to do next, by the code of a refusal or the name of the browser's exception. The server's own words come first. */
const NEXT: Readonly<Record<string, string>> = {
  "server.unreachable":
    "The control plane cannot be reached. Check that it runs and that you are online, then try again.",
  "request.unauthenticated": "Your session has ended.",
  "request.too_many": "Wait a moment, then try again.",
  "request.wrong_origin": "Open this page under the address that is configured.",
  "setup.closed": "Ask for a new link.",
  "webauthn.refused": "Try again with the passkey that you made for this site.",
  "approval.not_pending": "Load this page again to see what happened.",
  "approval.changed": "Load this page again and read it again.",
  NotAllowedError: "The passkey dialogue was closed or timed out. Try again; a phone or a security key works as well.",
  InvalidStateError: "This device holds a passkey for this site already. Sign in with it.",
  NotSupportedError: "This device has no passkey that verifies you. Use a phone or a security key.",
  SecurityError: "Passkeys do not work under this address. Open this page under the address that is configured.",
};

/** Turns whatever a flow threw into words for a person. `nothing` is the clause that says what did not happen. */
export function explain(error: unknown, nothing: string): Explanation {
  const { name, code, detail, title, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const next = NEXT[String(code)] ?? NEXT[String(name)];
  const texts = [
    detail,
    title,
    next === undefined ? message : "",
    next === undefined ? "something failed, try again" : "",
  ];
  const said = texts.find((text): text is string => typeof text === "string" && text !== "");
  const clauses = [nothing, said === undefined ? "" : sentence(said), next ?? ""];
  return { text: clauses.filter((clause) => clause !== "").join(" "), signIn: code === "request.unauthenticated" };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
