export { type ConsoleSite, openConsole } from "./console-site.ts";
