export { judgeShell } from "./judge-shell.ts";
