export { hostName } from "./host-name.ts";
export { DEVICE_KEY_FILE, createKey, loadKey, loadOrCreateKey, removeKey } from "./key-store.ts";
export type { Machine, MachineOptions } from "./machine.ts";
export { openMachine } from "./machine.ts";
export { readPosture } from "./posture.ts";
export { readRuntime } from "./runtime.ts";
