import { type Route, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Activity } from "./activity.ts";
import { overviewOf } from "./overview.ts";

const readers = ["cookie", "session", "local"] as const;

export function activityRoutes(kernel: Kernel, activity: Activity): readonly Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/overview",
      callers: readers,
      handle: async () => ({ body: await overviewOf(kernel, activity) }),
    }),
  ];
}
