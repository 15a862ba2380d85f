export type { KeyRing } from "./key-ring.ts";
export { FIRST_KEY, openKeyRing } from "./key-ring.ts";
export { loadMasterKeys } from "./master-key.ts";
export type { MasterMark } from "./master-keys.ts";
export { MASTER_MARK, MasterKeys, fingerprintOf, markBlob, newMasterKey, readMark } from "./master-keys.ts";
