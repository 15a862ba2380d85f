import { Visitor } from "@swc/core/Visitor.js";

/**
 * Who may import whom. A package imports only what its row names; `cli` composes everything.
 * swc does the parsing: without it this tool sees no module at all under TypeScript 7 and reports success.
 */
const MAY_IMPORT = {
  core: [],
  policy: ["core"],
  ledger: ["core"],
  credentials: ["core"],
  api: ["core"],
  enforce: ["core", "policy", "ledger", "credentials", "api"],
  sdk: ["core", "policy", "ledger", "credentials", "api", "enforce"],
  server: ["core", "policy", "ledger", "credentials", "api", "enforce"],
  gateway: ["core", "policy", "ledger", "credentials", "api", "enforce"],
  device: ["core", "api", "credentials", "sdk"],
  console: ["core", "ledger", "api"],
  cli: ["core", "policy", "ledger", "credentials", "api", "enforce", "sdk", "server", "gateway", "device", "console"],
};

// The walker that comes with swc stops at `using`; what such a statement declares it can read.
// oxlint-disable-next-line typescript/unbound-method -- it is called with its `this` below
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

const TESTS = "\\.test\\.ts$";
/** What only tests are built from. */
const KITS = "/testing/";

/** What the tests of a gateway use beside their row: a real PostgreSQL. */
const GATEWAY_KIT = "^packages/server/src/testing/index\\.ts$";

/** One rule a package: everything in `packages/` but itself and its row is refused. */
const layers = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  name: `layer-${name}`,
  comment: `${name} may import ${allowed.length === 0 ? "no other package" : allowed.join(", ")}`,
  severity: "error",
  from: { path: `^packages/${name}/`, pathNot: name === "gateway" ? [TESTS] : [] },
  to: { path: "^packages/", pathNot: [name, ...allowed].map((other) => `^packages/${other}/`) },
}));
const gatewayTests = {
  name: "layer-gateway-tests",
  comment: "a test of the gateway may import what the gateway may, and the server's test kit",
  severity: "error",
  from: { path: `^packages/gateway/.*${TESTS}` },
  to: {
    path: "^packages/",
    pathNot: [...["gateway", ...MAY_IMPORT.gateway].map((other) => `^packages/${other}/`), GATEWAY_KIT],
  },
};

export default {
  forbidden: [
    ...layers,
    gatewayTests,
    {
      name: "no-unknown-package",
      comment: "a new package needs a row in this file",
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/(${Object.keys(MAY_IMPORT).join("|")})/` },
      to: {},
    },
    {
      name: "no-cycle",
      comment: "two files that need each other are one file, or need a third; types alone make no cycle",
      severity: "error",
      from: { pathNot: TESTS },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-unresolved",
      comment: "an import that leads nowhere",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "package-through-index",
      comment: "another package is imported through its public surface",
      severity: "error",
      from: { path: "^packages/([^/]+)/", pathNot: [TESTS, KITS] },
      to: { path: "^packages/[^/]+/src/", pathNot: ["^packages/$1/", "^packages/[^/]+/src/index\\.ts$"] },
    },
    {
      name: "package-through-index-in-tests",
      comment: "a test sees of another package what everybody sees, and the test kit that it exports as `./testing`",
      severity: "error",
      from: { path: "^packages/([^/]+)/.*(?:\\.test\\.ts$|/testing/)" },
      to: { path: "^packages/[^/]+/src/", pathNot: ["^packages/$1/", "^packages/[^/]+/src/(testing/)?index\\.ts$"] },
    },
    {
      name: "module-through-index",
      comment: "the modules of server and gateway import each other only through `index.ts`",
      severity: "error",
      from: { path: "^packages/(server|gateway)/src/([^/]+)/", pathNot: [TESTS, KITS] },
      to: {
        path: "^packages/$1/src/[^/]+/",
        pathNot: ["^packages/$1/src/$2/", "^packages/$1/src/[^/]+/index\\.ts$"],
      },
    },
    {
      name: "wiring-through-index",
      comment: "the wiring of server and gateway sees only the public surface of a module",
      severity: "error",
      from: { path: "^packages/(server|gateway)/src/[^/]+\\.ts$", pathNot: TESTS },
      to: { path: "^packages/$1/src/[^/]+/", pathNot: "^packages/$1/src/[^/]+/index\\.ts$" },
    },
    {
      name: "not-to-test",
      comment: "product code does not import tests",
      severity: "error",
      from: { pathNot: [TESTS, "^(e2e|bench|conformance|tools)/"] },
      to: { path: [TESTS, "^(e2e|bench|conformance|tools)/"] },
    },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["(^|/)testdata/", "^out/", "^packages/console/dist/"] },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
    skipAnalysisNotInRules: true,
  },
};
