export type { ListenBridge, ListenBridgeOptions } from "./listen-bridge.ts";
export { startListenBridge } from "./listen-bridge.ts";
export type { BridgeLog, GatewayResponse, Send } from "./send.ts";
export type { StdioBridge, StdioBridgeOptions } from "./stdio-bridge.ts";
export { startStdioBridge } from "./stdio-bridge.ts";
