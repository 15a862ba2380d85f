export { ledgerChecks } from "./checks.ts";
export { closeIntentsOf, unknownOutcomes } from "./close-intents.ts";
export type { Ledger } from "./ledger.ts";
export { openLedger } from "./ledger.ts";
export { logKey } from "./log-key.ts";
export { ledgerRoutes } from "./routes.ts";
