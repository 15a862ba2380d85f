export { SpooledActions } from "../spool/testing/spooled-actions.ts";
