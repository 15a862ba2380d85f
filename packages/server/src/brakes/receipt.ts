import { sign } from "node:crypto";
import {
  type BrakeId,
  type BrakeScope,
  type IntentId,
  type PointId,
  type StateRecord,
  canonicalBytes,
} from "@countersign/core";
import type { Acknowledgement, Disposition } from "@countersign/enforce";
import { type Kernel, type Published, serverEntry, settingsOf } from "../kernel.ts";

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
  readonly points: readonly ReceiptPoint[];
  /** Index of the brake's entry in the ledger. */
  readonly entryIndex: number;
  readonly kid: string;
  readonly signature: string;
}
export interface ReceiptPoint {
  readonly id: PointId;
  readonly name: string;
  readonly how: "acknowledged" | "lease_expired";
  readonly at: string;
  readonly inFlight: readonly { readonly intent: IntentId; readonly disposition: Disposition }[];
}

interface Stop {
  readonly brake: Pick<StateRecord<"brake">, "id" | "terms">;
  readonly published: Published;
  readonly requestedAt: number;
  /** Called as each point confirms. */
  readonly confirmed: (point: ReceiptPoint) => void;
}

/** INV-3: waits for every point to confirm, or for its lease to have run out, and signs what happened. */
export async function settleStop(kernel: Kernel, stop: Stop): Promise<Receipt> {
  const { brake, published, requestedAt } = stop;
  const { lease } = await settingsOf(kernel);
  const silentAfterMs = lease.seconds * 1000 + lease.marginMs;
  const points = await Promise.all(
    published.acknowledgements.map(async ({ point, answer }) => {
      const shown = await confirmed(kernel, point, { answer, version: published.version, silentAfterMs });
      stop.confirmed(shown);
      return shown;
    }),
  );
  const unsigned = {
    id: `rcp_${brake.id.slice(4)}`,
    brake: brake.id,
    kind: brake.terms.kind,
    scope: brake.terms.scope,
    generation: kernel.store.generation,
    version: published.version,
    requestedAt: new Date(requestedAt).toISOString(),
    settledAt: new Date(kernel.now()).toISOString(),
    state: "stopped" as const,
    points,
    entryIndex: published.indexes[0] ?? -1,
    kid: kernel.keys.receipts.jkt,
  };
  const signature = sign(null, canonicalBytes(unsigned), kernel.keys.receipts.privateKey).toString("base64url");
  const receipt: Receipt = { ...unsigned, signature };
  await kernel.store.commit({
    entries: [
      serverEntry(kernel, "brake", {
        action: "brake.settled",
        resource: brake.id,
        cause: { receipt: { points: points.length, version: published.version, signature } },
      }),
    ],
    blobs: [{ name: `receipt/${brake.id}`, bytes: Buffer.from(JSON.stringify(receipt)) }],
  });
  return receipt;
}

interface Awaited {
  readonly answer: Promise<Acknowledgement>;
  readonly version: number;
  readonly silentAfterMs: number;
}

async function confirmed(
  kernel: Kernel,
  point: { id: PointId; name: string },
  { answer, version, silentAfterMs }: Awaited,
): Promise<ReceiptPoint> {
  const silence = Promise.withResolvers<null>();
  const timer = setTimeout(() => silence.resolve(null), silentAfterMs);
  const acknowledged = await Promise.race([answer.catch(() => silence.promise), silence.promise]);
  clearTimeout(timer);
  const at = new Date(kernel.now()).toISOString();
  if (acknowledged === null || acknowledged.version < version) {
    return { id: point.id, name: point.name, how: "lease_expired", at, inFlight: [] };
  }
  return { id: point.id, name: point.name, how: "acknowledged", at, inFlight: acknowledged.inFlight };
}
