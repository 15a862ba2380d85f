export type { RunningServer, ServerOptions } from "./start.ts";
export type { ConsoleFile, ConsoleSource } from "./http/index.ts";
export { hostPort } from "./config/index.ts";
export { startServer } from "./start.ts";
export { examineDatabase } from "./status/index.ts";
