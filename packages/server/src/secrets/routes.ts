import { type Route, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { rotateMaster } from "./rotate-master.ts";

/** `isShared`: other servers may answer for the same installation. */
export function secretRoutes(kernel: Kernel, isShared: boolean): readonly Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/master-key/rotate",
      // Who may read the file may replace it, and nobody else.
      callers: ["local"],
      handle: async () => ({ body: await rotateMaster(kernel, { isShared }) }),
    }),
  ];
}
