export type { OwnPoint } from "./first-keys.ts";
export type { RunningServer, ServerOptions } from "./start.ts";
export type { ConsoleFile, ConsoleSource } from "./http/index.ts";
export { hostPort, readDatabasePlace } from "./config/index.ts";
export { startServer } from "./start.ts";
export { examineDatabase } from "./status/index.ts";
export { lockDirectory } from "./store/index.ts";
