export type { Cli, Sink, Surroundings } from "./cli.ts";
export { EXIT, type ExitCode } from "./command/exit-code.ts";
export type { Environment } from "./environment.ts";
export { run } from "./run.ts";
export { VERSION } from "./version.ts";
