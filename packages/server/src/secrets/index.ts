export type { Rotated } from "./rotate-master.ts";
export { rotateMaster } from "./rotate-master.ts";
export { secretRoutes } from "./routes.ts";
export type { SealedSecret } from "./secrets.ts";
export { readSecret, sealSecret } from "./secrets.ts";
