export { type CatalogueConnection, PostgresCatalogue } from "./postgres-catalogue.ts";
export { SESSION_STATE } from "./session-state.ts";
