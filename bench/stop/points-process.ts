import { uptime } from "node:os";
import { createInterface } from "node:readline";
import { generateSigningKey, parseJoinToken, pooledRandom } from "@countersign/credentials";
import {
  EnforcementPoint,
  RemoteControlPlane,
  type Snapshot,
  type TokenIssuer,
  dial,
  takePlace,
} from "@countersign/enforce";
import { type Evaluator, createCedarEvaluator, parsePolicies } from "@countersign/policy";
import { decided } from "./decided.ts";
import { Load, type LoadTask } from "./load.ts";

/** What the bench says to this process, a line each; every line is answered with one. */
export type Order =
  | { readonly join: readonly string[] }
  | { readonly load: { readonly task: LoadTask; readonly points: number; readonly resource: string } }
  | { readonly resource: string }
  | { readonly decide: { readonly task: LoadTask; readonly times: number } }
  | { readonly quiet: true };

/** Many enforcement points in one process, each with an identity and a link of its own, as one machine with many gateways would be. */
const [server = ""] = process.argv.slice(2);
const bundle = await (await fetch(new URL("/v1/trust-bundle", server))).text();
const random = pooledRandom();
const now = (): number => Date.now();
const where = { url: server, bundle, now, timeoutMs: 10_000 };
const log = { warn: () => undefined, error: () => undefined };
const clocks = { monotonicMs: () => performance.now(), wallMs: now, uptimeMs: () => uptime() * 1000 };
const engines = new Map<string, Promise<Evaluator>>();
const points: EnforcementPoint[] = [];
const closers: (() => void)[] = [];
let load: Load | null = null;

process.once("SIGTERM", () => process.exit(0));
process.stdout.write("{}\n");
for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  process.stdout.write(`${JSON.stringify(await obeyed(order))}\n`);
}
for (const close of closers) close();
process.exit(0);

async function obeyed(order: Order): Promise<object> {
  if ("join" in order) {
    for (const token of order.join) points.push(await joined(token));
    return { points: points.length };
  }
  if ("load" in order) {
    const { task, resource } = order.load;
    load = new Load(points.slice(0, order.load.points), task, resource);
    await load.begin();
    return {};
  }
  if ("decide" in order) return { us: await decided(points[0] as EnforcementPoint, order.decide) };
  if ("resource" in order) return { last: load?.moveTo(order.resource) ?? null };
  const done = await load?.end();
  load = null;
  return { actions: done ?? 0 };
}

async function joined(text: string): Promise<EnforcementPoint> {
  const token = parseJoinToken(text);
  if (token === null) throw new Error("this is no join token");
  const key = generateSigningKey("P-256");
  const identity = await takePlace({ ...where, token, key });
  const pem = key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  let tokens: TokenIssuer = { issuer: "", keys: [] };
  const late: { point: EnforcementPoint | null } = { point: null };
  const controlPlane = new RemoteControlPlane({
    servers: [server],
    dial: async (url, signal) =>
      await dial({ ...where, url, identity: { certificate: identity.svid, key: pem }, signal }),
    clock: () => performance.now(),
    random,
    leaseMs: () => 3000,
    log,
    push: async (change: Snapshot) => await (late.point as EnforcementPoint).push(change),
    onTokens: (told) => {
      tokens = told;
    },
    onReplaced: () => late.point?.renewNow(),
  });
  const point = new EnforcementPoint({
    id: identity.point,
    name: identity.name,
    controlPlane,
    clocks,
    random,
    issuer: {
      get issuer() {
        return tokens.issuer;
      },
      get keys() {
        return tokens.keys;
      },
      audience: "bench",
    },
    compile: async ({ terms }) => await engineOf(terms.text),
    log,
  });
  late.point = point;
  await point.start();
  closers.push(() => controlPlane.close());
  return point;
}

/** All points of this process have the same policies: they are compiled once. */
async function engineOf(text: string): Promise<Evaluator> {
  const known = engines.get(text) ?? compiled(text);
  engines.set(text, known);
  return await known;
}

async function compiled(text: string): Promise<Evaluator> {
  const parsed = await parsePolicies(text);
  if (!parsed.ok) throw new Error("the policies are not valid");
  return createCedarEvaluator(parsed.set);
}
