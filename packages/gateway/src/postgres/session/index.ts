export { Session } from "./session.ts";
export { ClientConnection } from "./client-connection.ts";
export { besideCall } from "./form-call.ts";
export { writeRefusal } from "./refusal.ts";
