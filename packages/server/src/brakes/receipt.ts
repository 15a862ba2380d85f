import { createHash, sign } from "node:crypto";
import {
  type BrakeId,
  type BrakeScope,
  type EntryId,
  type StateRecord,
  canonicalBytes,
  newId,
} from "@countersign/core";
import type { ConfirmedPoint } from "../confirmations/index.ts";
import { type Kernel, serverEntry } from "../kernel.ts";

/** Signed proof of a stop (interfaces, "Brakes and receipts"): Ed25519 over the JCS form without `signature`. */
export interface Receipt {
  readonly id: string;
  readonly brake: BrakeId;
  readonly kind: "freeze" | "sever";
  readonly scope: BrakeScope;
  readonly generation: number;
  readonly version: number;
  readonly requestedAt: string;
  readonly settledAt: string;
  readonly state: "stopped";
  readonly points: readonly ConfirmedPoint[];
  /** Index of the brake's entry in the ledger. */
  readonly entryIndex: number;
  readonly kid: string;
  readonly signature: string;
}

export interface Settled {
  readonly brake: Pick<StateRecord<"brake">, "id" | "terms">;
  readonly generation: number;
  readonly version: number;
  readonly entryIndex: number;
  readonly points: readonly ConfirmedPoint[];
}

/** The receipt of a stop; null while it is not settled. */
export async function storedReceipt({ store }: Pick<Kernel, "store">, brake: BrakeId): Promise<Receipt | null> {
  const bytes = await store.blob(blobOf(brake));
  return bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString("utf8")) as Receipt);
}

/** INV-3: signs what every point has confirmed, and keeps it. When another server was first, what that one kept is the receipt. */
export async function storeReceipt(kernel: Kernel, settled: Settled): Promise<Receipt> {
  const receipt = signedReceipt(kernel, settled);
  const { brake, points, version } = settled;
  const entry = serverEntry(kernel, "brake", {
    action: "brake.settled",
    resource: brake.id,
    cause: { receipt: { points: points.length, version, signature: receipt.signature } },
  });
  const committed = await kernel.store.commit({
    entries: [{ ...entry, draft: { ...entry.draft, id: settlementOf(brake) } }],
    blobs: [{ name: blobOf(brake.id), bytes: Buffer.from(JSON.stringify(receipt)) }],
  });
  return committed.ok ? receipt : ((await storedReceipt(kernel, brake.id)) ?? receipt);
}

function signedReceipt(kernel: Kernel, { brake, generation, version, entryIndex, points }: Settled): Receipt {
  const { id, terms } = brake;
  const unsigned = {
    id: `rcp_${id.slice(4)}`,
    brake: id,
    kind: terms.kind,
    scope: terms.scope,
    generation,
    version,
    requestedAt: terms.at,
    settledAt: new Date(kernel.now()).toISOString(),
    state: "stopped" as const,
    points,
    entryIndex,
    kid: kernel.keys.receipts.jkt,
  };
  const signature = sign(null, canonicalBytes(unsigned), kernel.keys.receipts.privateKey).toString("base64url");
  return { ...unsigned, signature };
}

/**
 * The one id that the settlement of a stop can have: an id is taken once, so that two servers cannot settle it twice. It sorts behind what
 * else was recorded in the millisecond of the stop, because entries are found by the times in their ids.
 */
export function settlementOf({ id, terms }: Settled["brake"]): EntryId {
  const digest = createHash("sha256").update(`countersign-settled-v1\n${id}`).digest();
  digest.fill(0xff, 0, 2);
  return newId("ent", Date.parse(terms.at), (length) => digest.subarray(0, length));
}

const blobOf = (brake: BrakeId): string => `receipt/${brake}`;
