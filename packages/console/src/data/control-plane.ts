import { AppError, type Code, FAULTS, REFUSALS } from "@countersign/core";

/**
 * The one way to the control plane: same origin, session cookie. A 401 leads to the sign-in page and back again to this address.
 * @throws AppError with the code and the text that the control plane gave, or `server.unreachable`
 */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return await send<T>(path, signal === undefined ? {} : { signal });
}

/** Like {@link get}, for what changes something. */
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  return await send<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Ends the session of this browser; the next thing to see is the sign-in page. */
export async function signOut(): Promise<void> {
  await send("/v1/session", { method: "DELETE" });
  location.assign("/sign-in");
}

type Ask = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };

async function send<T>(path: string, init: Ask): Promise<T> {
  const response = await answered(path, init);
  if (response.status === 401) leadToSignIn();
  const text = await response.text();
  const body: unknown = isJson(response) && text !== "" ? JSON.parse(text) : null;
  if (!response.ok) throw refused(response.status, body);
  return body as T;
}

async function answered(path: string, init: Ask): Promise<Response> {
  try {
    return await fetch(path, { ...init, headers: { accept: "application/json", ...init.headers } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new AppError("server.unreachable", {
      detail: "start it with `countersign up`; this page continues by itself",
      cause,
    });
  }
}

function isJson(response: Response): boolean {
  return /\bjson\b/.test(response.headers.get("content-type") ?? "");
}

function leadToSignIn(): void {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function refused(status: number, body: unknown): AppError {
  const problem = (body ?? {}) as { code?: unknown; detail?: unknown };
  const code = isCode(problem.code) ? problem.code : status >= 500 ? "internal.error" : "request.invalid";
  return new AppError(code, typeof problem.detail === "string" ? { detail: problem.detail } : {});
}

function isCode(value: unknown): value is Code {
  return typeof value === "string" && (Object.hasOwn(REFUSALS, value) || Object.hasOwn(FAULTS, value));
}
