export { PointLinks } from "./point-links.ts";
