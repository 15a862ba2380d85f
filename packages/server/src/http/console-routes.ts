import { AppError } from "@countersign/core";
import { renderConsoleWait } from "../pages/index.ts";
import { type Request, type Response, type Route, route } from "./route.ts";

/** A file of the built console: as it is, and packed where that is smaller. */
export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly gzip: (() => Promise<Uint8Array>) | null;
}

/** The built console, by path below the site's root (`index.html`, `console/…`). */
export interface ConsoleSource {
  /** `failed` says why there is nothing to show, and what to do; null while it is being built. */
  state(): { readonly ready: true } | { readonly ready: false; readonly failed: string | null };
  file(path: string): ConsoleFile | null;
}

/** Every address of the console: what its router knows (`packages/console/src/router.tsx`) can be opened and loaded again. */
const PAGES = ["/", "/approvals", "/tasks", "/agents", "/agents/:id", "/ledger", "/freeze"];
/** Whoever comes with a browser: what they see depends on whether they are signed in. */
const browser = ["anyone", "cookie"] as const;

/** The console: one document for all its addresses, and what it loads, whose names hold their digests. */
export function consoleRoutes(source: ConsoleSource): readonly Route[] {
  return [
    ...PAGES.map((url) =>
      route({
        method: "GET",
        url,
        callers: browser,
        handle: async (request) => await page(source, request),
      }),
    ),
    route({
      method: "GET",
      url: "/console/*",
      callers: ["anyone"],
      handle: async ({ params, headers }) => {
        const file = source.file(`console/${params["*"] ?? ""}`);
        if (file === null)
          throw new AppError("request.not_found", { detail: "the console has no such file; load the page again" });
        return await sent(file, headers, "public, max-age=31536000, immutable");
      },
    }),
  ];
}

async function page(source: ConsoleSource, { caller, path, headers }: Request): Promise<Response> {
  if (caller.kind !== "human") {
    const next = path === "/" ? "" : `?next=${encodeURIComponent(path)}`;
    return { status: 302, headers: { location: `/sign-in${next}` }, type: "text/plain", body: "" };
  }
  const state = source.state();
  const index = state.ready ? source.file("index.html") : null;
  if (index !== null) return await sent(index, headers, "no-store");
  const failed = state.ready ? "the built console has no `index.html`" : state.failed;
  return { status: 503, type: "text/html; charset=utf-8", body: renderConsoleWait(failed) };
}

async function sent(
  { type, bytes, gzip }: ConsoleFile,
  headers: Request["headers"],
  cacheControl: string,
): Promise<Response> {
  const packed = gzip !== null && /\bgzip\b/.test(String(headers["accept-encoding"] ?? "")) ? await gzip() : null;
  return {
    type,
    body: Buffer.from(packed ?? bytes),
    headers: {
      "cache-control": cacheControl,
      vary: "accept-encoding",
      ...(packed !== null ? { "content-encoding": "gzip" } : {}),
    },
  };
}
