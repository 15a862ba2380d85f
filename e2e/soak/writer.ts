import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { type Chain, type IntentId, newId, type PointId } from "@countersign/core";
import type { EntryDraft } from "@countersign/enforce";
import { openLedger } from "../../packages/server/src/ledger/index.ts";
import { type Committed, type Entry, openStore, type Put } from "../../packages/server/src/store/index.ts";
import { closeAllIntents } from "./close-all-intents.ts";

/**
 * Works over a data directory until it is ended: many actions at once, each with its intent and outcome, records that change,
 * brakes, a published log. Says on standard output what was acknowledged, one line each, only after it was:
 * `entry <id> <index>`, `record <kind> <id> <version>`, `blob <name>`, `checkpoint <base64 of the note>`, `ready`.
 *
 * node writer.ts DATA PRIVATE_KEY_PKCS8_BASE64
 */
const ACTIONS_AT_ONCE = 24;
const [path = "", secret = ""] = process.argv.slice(2);
const privateKey = createPrivateKey({ key: Buffer.from(secret, "base64"), format: "der", type: "pkcs8" });
const random = (length: number): Uint8Array => randomBytes(length);
const id = <P extends Parameters<typeof newId>[0]>(prefix: P): ReturnType<typeof newId<P>> =>
  newId(prefix, Date.now(), random);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const store = await openStore({ path, clock: Date.now });
const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: "jwk" }).x ?? "", "base64url");
const ledger = await openLedger({
  onDamage: (error) => {
    throw error;
  },
  store,
  path,
  key: { publicKey, sign: (bytes) => sign(null, bytes, privateKey) },
  publicUrl: "http://localhost:7330",
  warn: (message, fields) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
});
const point: PointId = id("ep");
await closeAllIntents(store, random);
say("ready");

function draft(parts: Partial<EntryDraft>): EntryDraft {
  return {
    id: id("ent"),
    time: new Date().toISOString(),
    kind: "action.intent",
    chain: { human: null, device: null, agent: null, task: null },
    agentProof: "declared",
    action: "mcp:files/write_file",
    resource: null,
    effect: "write",
    argsCommitment: randomBytes(32).toString("base64url"),
    argsShown: {
      value: { path: "/srv/records/executives.json", content: "x".repeat(Math.floor(Math.random() * 400)) },
      hidden: [],
    },
    decision: { result: "permit", step: null, code: null, policyIds: ["writes"], policySetHash: "none" },
    posture: { level: "enrolled" },
    risk: 0,
    ...parts,
  };
}

function acknowledged(committed: Committed, entries: readonly Entry[], puts: readonly Put[] = []): boolean {
  if (!committed.ok) return false;
  entries.forEach((entry, i) => say(`entry ${entry.draft.id} ${String(committed.indexes[i])}`));
  for (const put of puts) say(`record ${put.kind} ${put.id} ${String(committed.version)}`);
  return true;
}

async function act(chain: Chain, n: number): Promise<void> {
  const intent: IntentId = id("int");
  const resource = `file:/srv/records/${String(n % 40)}.json`;
  const name = `args/${intent}`;
  const begin = [{ point, draft: draft({ chain, intent, resource }) }];
  if (
    !acknowledged(
      await store.commit({ entries: begin, guard: { chain, resource }, blobs: [{ name, bytes: randomBytes(200) }] }),
      begin,
    )
  )
    return;
  say(`blob ${name}`);
  const end = [
    {
      point,
      draft: draft({
        chain,
        intent,
        resource,
        kind: "action.outcome",
        outcome: { status: "ok", resultCommitment: null, bytes: 7 },
      }),
    },
  ];
  acknowledged(await store.commit({ entries: end }), end);
}

/** A human who comes and goes, as a record with a version that must match. */
async function changeRecords(human: ReturnType<typeof id<"hum">>): Promise<void> {
  const known = await store.get("human", human);
  const put: Put = {
    kind: "human",
    id: human,
    terms: { roles: [], name: { person: human, box: "c2VhbGVk" } },
    state: { status: known?.state.status === "active" ? "inactive" : "active" },
    authority: null,
  };
  const entries = [{ point, draft: draft({ kind: "identity" }), changes: [{ kind: "human", id: human }] as const }];
  acknowledged(
    await store.commit({ expect: [{ kind: "human", id: human, version: known?.version ?? 0 }], put: [put], entries }),
    entries,
    [put],
  );
}

async function worker(n: number): Promise<never> {
  const chain: Chain = { human: id("hum"), device: id("dev"), agent: id("agt"), task: id("tsk") };
  const human = id("hum");
  for (let i = n; ; i += 1) {
    await act(chain, i);
    if (i % 5 === 0) await changeRecords(human);
  }
}

/** Looks at the published log from outside. Nobody asks it to hurry: its syncs would carry those along that a broken store forgot. */
async function observer(): Promise<never> {
  for (let seen = ""; ; await delay(20)) {
    const { note } = ledger.published();
    if (note !== seen) say(`checkpoint ${Buffer.from(note).toString("base64")}`);
    seen = note;
  }
}

await Promise.all([observer(), ...Array.from({ length: ACTIONS_AT_ONCE }, (_, n) => worker(n))]);
