export type { KeyRing } from "./key-ring.ts";
export { FIRST_KEY, openKeyRing } from "./key-ring.ts";
export { loadMasterKey } from "./master-key.ts";
