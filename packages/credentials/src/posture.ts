import { isId, isJsonObject } from "@countersign/core";
import type { DeviceId, Json, JsonObject } from "@countersign/core";

/** A posture fact. `true` always means the healthy state; what cannot be read is `unknown` and passes nothing (INV-2). */
export interface PostureFact {
  readonly value: boolean | "unknown";
  /** Where it was read, in a few words; no personal data. */
  readonly how: string;
}
export interface OperatingSystem {
  /** `linux`, `darwin`, `win32`, as Node names it. */
  readonly platform: string;
  /** For example `debian`; null when not known. */
  readonly id: string | null;
  readonly version: string | null;
  readonly kernel: string | null;
}
/** What a device says about itself (RFC 9334: claims of the attester). */
export interface Posture {
  readonly os: OperatingSystem;
  readonly facts: Readonly<Record<string, PostureFact>>;
}
export interface PostureReport extends Posture {
  readonly device: DeviceId;
  /** The challenge it answers, or null for a report that the device sent by itself. */
  readonly nonce: string | null;
  /** Unix seconds. */
  readonly iat: number;
}

const MOST_FACTS = 64;
const FACT_NAME = /^[a-zA-Z][a-zA-Z0-9]{0,47}$/;

/** Reads the payload of signed evidence; null when a member has another form. */
export function readPostureReport(payload: JsonObject): PostureReport | null {
  const { device, iat } = payload;
  const nonce = payload["nonce"] ?? null;
  const os = readOs(payload["os"]);
  const facts = readFacts(payload["facts"]);
  if (!isId("dev", device) || !Number.isSafeInteger(iat) || os === null || facts === null) return null;
  if (nonce !== null && typeof nonce !== "string") return null;
  return { device, nonce, iat: iat as number, os, facts };
}

function readOs(value: Json | undefined): OperatingSystem | null {
  if (!isJsonObject(value)) return null;
  const [platform, id, version, kernel] = ["platform", "id", "version", "kernel"].map((name) => value[name] ?? null);
  if (!isShort(platform, 32) || !isNullOrShort(id) || !isNullOrShort(version) || !isNullOrShort(kernel)) return null;
  return { platform, id, version, kernel };
}

function readFacts(value: Json | undefined): Record<string, PostureFact> | null {
  if (!isJsonObject(value)) return null;
  const entries = Object.entries(value);
  if (entries.length > MOST_FACTS) return null;
  const facts: Record<string, PostureFact> = {};
  for (const [name, fact] of entries) {
    if (!FACT_NAME.test(name) || !isJsonObject(fact)) return null;
    const { value: truth, how } = fact;
    if ((typeof truth !== "boolean" && truth !== "unknown") || !isShort(how, 200)) return null;
    facts[name] = { value: truth, how };
  }
  return facts;
}

function isShort(value: Json | undefined, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function isNullOrShort(value: Json | undefined): value is string | null {
  return value === null || isShort(value, 200);
}
