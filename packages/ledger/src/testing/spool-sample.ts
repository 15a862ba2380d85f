// A merged spool word for word from docs/protocol/points/spool.md, without the code under test; its key is public: the SHA-256 of a text.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { canonicalJson, type Json, type JsonObject, newId, type Prefix } from "@countersign/core";

const H = (...parts: readonly Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const START = 1_767_225_600_000;
const id = (prefix: Prefix, number: number): string =>
  newId(prefix, START + number, () => new Uint8Array(10).fill(number));

const POINT = id("ep", 1);
const SERVER = id("ep", 2);
const SPOOL = url(Buffer.alloc(16, 7));
const PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const seed = H(Buffer.from("countersign test point"));
const privateKey = createPrivateKey({ key: Buffer.concat([PREFIX, seed]), format: "der", type: "pkcs8" });
const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
const KEY = { kty: "OKP", crv: "Ed25519", x };

function draft(number: number, parts: JsonObject): JsonObject {
  return {
    id: id("ent", number),
    time: new Date(START + number).toISOString(),
    kind: "decision",
    chain: { human: id("hum", 3), device: id("dev", 4), agent: id("agt", 5), task: id("tsk", 6) },
    agentProof: "declared",
    action: "mcp:files/read_file",
    resource: "file:/srv/records/executives.json",
    effect: "read",
    argsCommitment: null,
    argsShown: null,
    decision: null,
    posture: null,
    risk: null,
    ...parts,
  };
}

const intent = (number: number): JsonObject => draft(number, { kind: "action.intent", intent: id("int", number) });
const outcome = (number: number, of: number): JsonObject =>
  draft(number, {
    kind: "action.outcome",
    intent: id("int", of),
    outcome: { status: "ok", resultCommitment: null, bytes: 12 },
    cause: { text: "ü€𝄞" },
  });

/** Frames 1 to 3; the second was recorded by the control plane at once, so that the ledger holds it before the merge. */
const FRAMES: readonly (readonly JsonObject[])[] = [
  [intent(10), outcome(11, 10)],
  [outcome(12, 9)],
  [
    draft(13, {
      effect: "write",
      decision: { result: "deny", step: "policy", code: "policy.denied", policyIds: [], policySetHash: "q83v" },
    }),
  ],
];
const PRESENT = 1;

export interface SpoolSample {
  readonly point: string;
  readonly spool: string;
  readonly key: Json;
  readonly begin: string;
  readonly frames: readonly { readonly seq: number; readonly digests: readonly string[]; readonly hash: string }[];
  readonly signed: string;
  readonly signature: string;
  /** The ledger's entries, canonical, in their order. */
  readonly entries: readonly string[];
}

export function spoolSample(): SpoolSample {
  const begin = H(Buffer.from("countersign-spool-begin-v1\n"), Buffer.from(`{"point":"${POINT}","spool":"${SPOOL}"}`));
  let hash = begin;
  const frames = FRAMES.map((drafts, i) => {
    const digests = drafts.map((one) => H(Buffer.from(canonicalJson(one))));
    const seq = Buffer.alloc(8);
    seq.writeBigUInt64BE(BigInt(i + 1));
    hash = H(Buffer.from("countersign-spool-frame-v1\n"), hash, seq, ...digests);
    return { seq: i + 1, digests: digests.map(url), hash: url(hash) };
  });
  const to = FRAMES.length;
  const signed = `countersign-spool-v1\n{"from":1,"hash":"${url(hash)}","point":"${POINT}","to":${String(to)}}`;
  const signature = url(sign(null, Buffer.from(signed), privateKey));
  const held = FRAMES[PRESENT]?.[0] ?? {};
  const present = [{ seq: PRESENT + 1, at: 0, id: held["id"] ?? null, digest: frames[PRESENT]?.digests[0] ?? "" }];
  const cause = { spool: SPOOL, from: 1, to, prev: url(begin), hash: url(hash), key: KEY, signature, present };
  const merge = draft(20, {
    kind: "admin",
    chain: NOBODY,
    action: "spool.merged",
    resource: POINT,
    effect: null,
    agentProof: null,
    cause,
  });
  const entries = [
    leaf(intent(9), { point: POINT, pointSeq: 1, taskSeq: 1 }),
    leaf(held, { point: POINT, pointSeq: 2, taskSeq: 2 }),
    leaf(merge, { point: SERVER, pointSeq: 1, taskSeq: null }),
  ];
  for (const [i, drafts] of FRAMES.entries())
    for (const one of i === PRESENT ? [] : drafts) {
      const seq = entries.length;
      const spool = { seq: i + 1, hash: frames[i]?.hash ?? "" };
      entries.push(leaf(one, { point: POINT, pointSeq: seq, taskSeq: seq, spool }));
    }
  return { point: POINT, spool: SPOOL, key: KEY, begin: url(begin), frames, signed, signature, entries };
}
const NOBODY = { human: null, device: null, agent: null, task: null };

function leaf(one: JsonObject, added: JsonObject): string {
  return canonicalJson({ v: 1, ...one, ...added });
}
