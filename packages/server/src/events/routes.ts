import { type Route, route } from "../http/index.ts";
import type { Feed } from "./feed.ts";

/** Hints to read something again, as server-sent events. */
export function eventRoutes(feed: Feed): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/events",
      callers: ["cookie", "session", "local"],
      handle: async ({ caller, headers }) => {
        const last = headers["last-event-id"];
        const stream = await feed.open(caller, typeof last === "string" ? last : null);
        return { type: "text/event-stream", headers: { "x-accel-buffering": "no" }, body: stream.body };
      },
    }),
  ];
}
