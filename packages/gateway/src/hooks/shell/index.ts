export { entered } from "./files.ts";
export { judgeShell } from "./judge-shell.ts";
