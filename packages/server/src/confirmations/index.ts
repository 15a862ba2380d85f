export { type ConfirmedPoint, Confirmation } from "./confirmation.ts";
export { type Confirmed, confirmed } from "./confirmed.ts";
export { postAcknowledgements } from "./post.ts";
