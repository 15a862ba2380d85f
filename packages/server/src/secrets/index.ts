export { secretRoutes } from "./routes.ts";
export type { SealedSecret } from "./secrets.ts";
export { readSecret, sealSecret } from "./secrets.ts";
