export type { Check } from "./doctor.ts";
export { examineDatabase } from "./offline.ts";
export { statusRoutes } from "./routes.ts";
export { sameUserAgents } from "./same-user.ts";
export { findZombies } from "./zombies.ts";
