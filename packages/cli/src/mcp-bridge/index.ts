export { startListenBridge } from "./listen-bridge.ts";
export type { BridgeRequest, GatewayResponse, Send } from "./send.ts";
export { startStdioBridge } from "./stdio-bridge.ts";
