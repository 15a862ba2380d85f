export type { RunningServer, ServerOptions } from "./start.ts";
export { hostPort, startServer } from "./start.ts";
