export { type CatalogueConnection, type CatalogueOptions, PostgresCatalogue } from "./postgres-catalogue.ts";
