export { type CatalogueConnection, type CatalogueOptions, PostgresCatalogue } from "./postgres-catalogue.ts";
export { SESSION_STATE } from "./session-state.ts";
