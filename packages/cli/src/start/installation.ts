import { isJsonObject, type Json, type JsonObject } from "@countersign/core";

/** What a control plane says of itself (`GET /v1/status`), with everything that is missing counted as absent. */
export interface Installation {
  readonly publicUrl: string | null;
  readonly gateway: string | null;
  readonly setUp: boolean;
  readonly people: number;
  readonly agents: number;
  readonly liveTasks: number;
  readonly pendingApprovals: number;
  readonly brakes: readonly JsonObject[];
  readonly leaseValid: boolean;
  readonly pendingChanges: readonly PendingChange[];
}
/** A change of the configuration that waits for a signature. */
export interface PendingChange {
  readonly what: string;
  readonly url: string;
}

export function readInstallation(status: JsonObject): Installation {
  const lease = status["lease"];
  return {
    publicUrl: text(status["publicUrl"]),
    gateway: text(status["gateway"]),
    setUp: status["setUp"] === true,
    people: count(status["people"]),
    agents: count(status["agents"]),
    liveTasks: count(status["liveTasks"]),
    pendingApprovals: count(status["pendingApprovals"]),
    brakes: objects(status["brakes"]),
    leaseValid: isJsonObject(lease) && lease["valid"] === true,
    pendingChanges: objects(status["pendingChanges"]).map(({ what, url }) => ({
      what: text(what) ?? "a change",
      url: text(url) ?? "",
    })),
  };
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A number, or the length of a list. */
function count(value: Json | undefined): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "number" ? value : 0;
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isJsonObject) : [];
}
