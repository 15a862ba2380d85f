import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { schemaToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { Entities, type EntityJson, nameOf } from "../../packages/policy/src/cedar/entities.ts";
import { parseExactJson } from "../../packages/policy/src/cedar/testing/exact-json.ts";
import { recordOf } from "../../packages/policy/src/cedar/json-value.ts";
import type { PolicySet } from "../../packages/policy/src/cedar/policy-set.ts";
import { type PolicySetJson, compilePolicySet } from "../../packages/policy/src/cedar/testing/compile-policy-set.ts";
import { readSchema } from "../../packages/policy/src/cedar/testing/read-schema.ts";
import type { ReadSchema } from "../../packages/policy/src/cedar/value-type.ts";
import type { Tally } from "../main.ts";
import { policySetOf } from "./policies.ts";

/** One test of Cedar's public corpus (cedar-policy/cedar-integration-tests): files, and requests with what they must answer. */
interface CorpusTest {
  readonly policies: string;
  readonly policyFormat?: "cedar" | "json";
  readonly entities: string;
  readonly schema?: string;
  readonly requests: readonly CorpusRequest[];
}
interface CorpusRequest {
  readonly description?: string;
  readonly principal: unknown;
  readonly action: unknown;
  readonly resource: unknown;
  readonly context: unknown;
  readonly decision: string;
  readonly reason?: readonly string[];
  /** Older files: `reasons`. */
  readonly reasons?: readonly string[];
  readonly errors?: readonly string[];
}

const SHOWN_FAULTS = 20;
const TOLD_EACH = 500;

/** Runs every test below a folder. Decision, determining and erroring policies must all be equal. */
export function runCorpus(folder: string): Tally {
  let [passed, failed] = [0, 0];
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  for (const [i, name] of files.sort().entries()) {
    const test = testIn(join(folder, name));
    if (test === null) continue;
    const faults = faultsOf(folder, { file: join(folder, name), test });
    failed += faults.length;
    passed += test.requests.length - Math.min(faults.length, test.requests.length);
    if (failed <= SHOWN_FAULTS) for (const fault of faults) process.stdout.write(`FAIL ${name}: ${fault}\n`);
    if (i % TOLD_EACH === 0) process.stderr.write(`\r${String(i)} of ${String(files.length)} files`);
  }
  process.stderr.write("\r");
  if (passed + failed === 0) process.stdout.write(`FAIL no test of the corpus below ${folder}\n`);
  return { passed, failed: passed + failed === 0 ? 1 : failed };
}

function testIn(file: string): CorpusTest | null {
  const json = parseExactJson(readFileSync(file, "utf8"));
  const isTest = typeof json === "object" && json !== null && "requests" in json && "policies" in json;
  return isTest ? (json as CorpusTest) : null;
}

/** One line for each request that is answered otherwise; all of them when the test cannot even be read. */
function faultsOf(
  folder: string,
  { file, test }: { readonly file: string; readonly test: CorpusTest },
): readonly string[] {
  try {
    const read = (path: string): string => readFileSync(found(folder, file, path), "utf8");
    const schema = test.schema === undefined || test.schema === "" ? null : schemaOf(read(test.schema));
    const policies = read(test.policies);
    const isJson = test.policyFormat === "json";
    const set = compilePolicySet(isJson ? (parseExactJson(policies) as PolicySetJson) : policySetOf(policies));
    const entities = Entities.read(parseExactJson(read(test.entities)) as EntityJson[], schema);
    return test.requests.flatMap((request, i) => {
      const fault = faultOf(request, { set, entities, schema });
      return fault === null ? [] : [`request ${String(i)}: ${fault}`];
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return test.requests.map(() => message);
  }
}

/** Paths are those of the corpus' own repository, of which the folder may be any part. */
function found(folder: string, file: string, path: string): string {
  const places = [
    join(folder, path),
    join(folder, "..", path),
    join(dirname(file), path),
    join(dirname(file), basename(path)),
  ];
  for (const place of places) {
    try {
      readFileSync(place);
      return place;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`${path} is not there`);
}

function schemaOf(text: string): ReadSchema {
  if (text.trimStart().startsWith("{")) return readSchema(JSON.parse(text));
  const answer = schemaToJson(text);
  if (answer.type === "failure") throw new Error(answer.errors[0]?.message ?? "not a schema");
  return readSchema(answer.json);
}

interface Compiled {
  readonly set: PolicySet;
  readonly entities: Entities;
  readonly schema: ReadSchema | null;
}

function faultOf(request: CorpusRequest, { set, entities, schema }: Compiled): string | null {
  const at = (json: unknown): ReturnType<typeof entities.find> => {
    const { type, id } = nameOf(json);
    return entities.find(type, id);
  };
  const action = at(request.action);
  const context = recordOf(request.context, entities.find, schema?.context(action.type, action.id) ?? null);
  const env = {
    principal: at(request.principal),
    action,
    resource: at(request.resource),
    context,
    entityOf: entities.find,
  };
  const { decision, reason, errors } = set.authorize(env);
  const ours = told(
    decision,
    reason,
    errors.map(({ policyId }) => policyId),
  );
  const expected = told(request.decision.toLowerCase(), request.reason ?? request.reasons ?? [], request.errors ?? []);
  return ours === expected ? null : `${ours} instead of ${expected}`;
}

function told(decision: string, reason: readonly string[], errors: readonly string[]): string {
  return `${decision} by [${[...reason].sort().join(" ")}], failed [${[...errors].sort().join(" ")}]`;
}
