import { AppError } from "@countersign/core";
import { type Checkpoint, LIMITS, openCheckpoint, type VerifierKey } from "@countersign/ledger";
import type { LedgerStore } from "../store/index.ts";
import { sha256, verifyEd25519 } from "./log-key.ts";
import type { LogDirectory } from "./log-directory.ts";

/** A checkpoint with the note that signs it. */
export interface SignedCheckpoint extends Checkpoint {
  /** The signed note, verbatim. */
  readonly note: string;
}

const decoder = new TextDecoder();

/** The checkpoint that was signed last, from the database; before the first one, the empty tree with an empty note. */
export async function lastSigned(store: LedgerStore, key: VerifierKey): Promise<SignedCheckpoint> {
  const note = await store.journal.checkpoint();
  return note === null ? emptyTree(key) : opened(note, key, "checkpoint in the database");
}

/** The checkpoint that the world last saw, from its file. */
export async function lastPublished(directory: LogDirectory, key: VerifierKey): Promise<SignedCheckpoint> {
  const bytes = await directory.read("checkpoint", LIMITS.noteBytes);
  return bytes === null ? emptyTree(key) : opened(decoder.decode(bytes), key, "file `ledger/checkpoint`");
}

async function opened(note: string, logKey: VerifierKey, what: string): Promise<SignedCheckpoint> {
  const result = await openCheckpoint(note, { logKey, verify: verifyEd25519 });
  if (result.ok) return { ...result.checkpoint, note };
  throw new AppError("ledger.damaged", {
    detail: `the ${what} is not signed by the key of this ledger (${result.code}); restore the data directory from a copy`,
    details: { fault: result.code },
  });
}

function emptyTree(key: VerifierKey): SignedCheckpoint {
  return { origin: key.name, size: 0, root: sha256(new Uint8Array(0)), note: "" };
}
