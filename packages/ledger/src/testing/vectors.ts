// The test vectors of docs/protocol/ledger: `node packages/ledger/src/testing/vectors.ts` writes them, a test compares them.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cosign, leafHasher, printProofFile, printVkey, syncTileReader } from "../index.ts";
import { spoolSample } from "./spool-sample.ts";
import { logSigner, memoryLog, nodeSha256, sampleEntry, seededSigner, witnessSigner } from "./sample-log.ts";

const OLD_SIZE = 100;
const SIZE = 260;
const PROVEN = 257;
const WITNESSED_AT = 1_767_225_700;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

/** Every vector file by its path below `testdata/`. */
export function vectorFiles(): Map<string, Uint8Array> {
  const log = memoryLog();
  for (let i = 0; i < OLD_SIZE; i += 1) log.add(sampleEntry(i));
  const old = log.publish();
  const oldRoot = log.writer.root();
  for (let i = OLD_SIZE; i < SIZE; i += 1) log.add(sampleEntry(i));
  const note = log.publish();
  const text = note.slice(0, note.indexOf("\n\n") + 1);
  const cosigned = note + cosign(text, witnessSigner, WITNESSED_AT);
  const tiles = syncTileReader(nodeSha256, log.read);
  const hashes = tiles.inclusionProof(PROVEN, SIZE);

  const present = [...log.files].filter(([path]) => !path.endsWith(`.p/${String(OLD_SIZE)}`));
  const out = new Map(present.map(([path, bytes]) => [`log/${path}`, bytes]));
  out.set("log/checkpoint", Buffer.from(cosigned));
  out.set("log/vkey", Buffer.from(`${printVkey(logSigner.key)}\n`));
  out.set("old-checkpoint", Buffer.from(old));
  out.set("witness-vkey", Buffer.from(`${printVkey(witnessSigner.key)}\n`));
  out.set(`entry-${String(PROVEN)}`, sampleEntry(PROVEN));
  out.set(
    `entry-${String(PROVEN)}.tlog-proof`,
    Buffer.from(printProofFile({ index: PROVEN, hashes, checkpoint: cosigned, extra: null })),
  );
  out.set(
    "proofs.json",
    json({
      leafHash: { index: PROVEN, hash: hex(leafHasher(nodeSha256)(sampleEntry(PROVEN))) },
      inclusion: { index: PROVEN, size: SIZE, hashes: hashes.map(hex), root: hex(log.writer.root()) },
      consistency: {
        oldSize: OLD_SIZE,
        size: SIZE,
        hashes: tiles.consistencyProof(OLD_SIZE, SIZE).map(hex),
        oldRoot: hex(oldRoot),
        root: hex(log.writer.root()),
      },
    }),
  );
  const stranger = seededSigner("someone.example", "ed25519", "countersign test stranger");
  out.set("refused.json", json(refused(note, old, stranger.key.name)));
  out.set("spool.json", json(spoolSample()));
  return out;
}

/** Notes that a reader of the log's key must refuse, each with the code that says why. */
function refused(
  note: string,
  old: string,
  stranger: string,
): { readonly why: string; readonly code: string; readonly note: string }[] {
  const oldSignature = old.slice(old.indexOf("\n\n") + 2);
  return [
    { why: "the size was changed", code: "note.bad_signature", note: note.replace("\n260\n", "\n261\n") },
    { why: "the signature of an older checkpoint follows", code: "note.bad_signature", note: note + oldSignature },
    {
      why: "no signature is by the log",
      code: "note.unsigned",
      note: note.replace(/\u2014 \S+/, `\u2014 ${stranger}`),
    },
    { why: "there is no signature", code: "note.malformed", note: note.slice(0, note.indexOf("\n\n") + 2) },
    { why: "the empty line is missing", code: "note.malformed", note: note.replace("\n\n", "\n") },
    { why: "lines end in CR LF", code: "note.malformed", note: note.replaceAll("\n", "\r\n") },
    { why: "a signature is cut", code: "note.malformed", note: `${note.slice(0, -3)}\n` },
    { why: "the last newline is missing", code: "note.malformed", note: note.slice(0, -1) },
    {
      why: "there are 65 signature lines",
      code: "note.too_many_signatures",
      note: note + "\u2014 a.example AAAAAAA=\n".repeat(64),
    },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const testdata = fileURLToPath(new URL("../../testdata/", import.meta.url));
  rmSync(testdata, { recursive: true, force: true });
  for (const [path, bytes] of vectorFiles()) {
    mkdirSync(dirname(join(testdata, path)), { recursive: true });
    writeFileSync(join(testdata, path), bytes);
  }
}
