export { startListenBridge } from "./listen-bridge.ts";
export type { BridgeMethod, BridgeRequest, GatewayResponse, Send } from "./send.ts";
export { startStdioBridge } from "./stdio-bridge.ts";
