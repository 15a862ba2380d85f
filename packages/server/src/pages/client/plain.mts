import { start } from "./start.mts";

start(() => {});
