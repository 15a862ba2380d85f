export type { HookClient } from "./clients/index.ts";
export { isHookClient } from "./clients/index.ts";
export type { HookVerdict } from "./hook-answer.ts";
export type { HookEvent, ReadHookEvent } from "./hook-event.ts";
export { readHookEvent } from "./hook-event.ts";
export type { OwnPlaces } from "./own-places.ts";
export { serveHooks } from "./serve-hooks.ts";
