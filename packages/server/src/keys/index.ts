export type { KeyRing } from "./key-ring.ts";
export { openKeyRing } from "./key-ring.ts";
export { loadMasterKey } from "./master-key.ts";
