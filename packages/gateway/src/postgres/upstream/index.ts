export type { LoggedIn } from "./log-in.ts";
export { logIn } from "./log-in.ts";
export type { ServerAddress } from "./server-address.ts";
export { serverAddress } from "./server-address.ts";
export type { ServerConnection } from "./server-connection.ts";
