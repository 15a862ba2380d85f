import {
  AppError,
  type DeviceId,
  type HumanId,
  type MandateId,
  type SessionId,
  type StateRecord,
} from "@countersign/core";
import { verifyKeyProof } from "@countersign/credentials";
import type { Devices } from "../devices/index.ts";
import { type Kernel, settingsOf } from "../kernel.ts";
import { type Mandates, opening } from "../mandates/index.ts";
import type { Put } from "../store/index.ts";

/** On whose account a task is opened: a session, or a mandate. */
export interface Opener {
  readonly human: HumanId;
  readonly device: DeviceId;
  readonly session: SessionId | null;
  readonly mandate: StateRecord<"mandate"> | null;
  /** The one of both, as it was looked at. */
  readonly record: StateRecord<"session"> | StateRecord<"mandate">;
  /** The task ends with it. */
  readonly expiresAt: string;
  /** What opening one does to it. */
  readonly put: readonly Put[];
}
/** Looks at it anew, each time that opening is tried. */
export type Opening = () => Promise<Opener>;

export function bySession(session: StateRecord<"session">): Opening {
  const { human, device, expiresAt } = session.terms;
  if (device === null)
    throw new AppError("device.unknown", { detail: "open a task from an enrolled device, with `countersign login`" });
  const opener = { human, device, session: session.id, mandate: null, record: session, expiresAt, put: [] };
  return async () => await Promise.resolve(opener);
}

export interface MandateProof {
  readonly mandate: MandateId;
  /** The workload's device key, shown for this one task key. */
  readonly deviceProof: string;
  /** How the device is now. */
  readonly evidence: string;
}

/**
 * INV-1: a mandate opens a task only for the device that it names, which proves its key and reports how it is. The proof is tied to the
 * new task's key, so whoever overhears it gains nothing. `jkt`: thumbprint of that key.
 * @throws AppError `task.no_human`, `credential.*`, `device.*`
 */
export async function byMandate(
  { kernel, mandates, devices }: { readonly kernel: Kernel; readonly mandates: Mandates; readonly devices: Devices },
  { mandate: id, deviceProof, evidence }: MandateProof,
  jkt: string,
): Promise<Opening> {
  const { terms } = await mandates.find(id);
  const device = await kernel.store.get("device", terms.device);
  const { publicUrl } = await settingsOf(kernel);
  const expected = { purpose: "workload", audience: publicUrl, nonce: jkt, now: kernel.now() } as const;
  const verified = verifyKeyProof(deviceProof, expected);
  if (!verified.ok || verified.jkt !== device?.terms.jkt)
    throw new AppError(verified.ok ? "credential.wrong_key" : verified.code, {
      detail: "the proof of the workload's key was refused",
    });
  await devices.report(terms.device, evidence);
  return async () => {
    const mandate = await mandates.find(id);
    return {
      human: terms.owner,
      device: terms.device,
      session: null,
      mandate,
      record: mandate,
      expiresAt: terms.expiresAt,
      put: [opening(mandate, kernel.now())],
    };
  };
}
