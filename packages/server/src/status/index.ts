export { examineDatabase } from "./offline.ts";
export { statusRoutes } from "./routes.ts";
export { sameUserAgents } from "./same-user.ts";
export { ZombieWatch, findZombies } from "./zombies.ts";
