import type { SigningKey } from "@countersign/credentials";
import { signBytes } from "@countersign/credentials";
import { spoolSignedBytes } from "@countersign/ledger";
import type { SpoolRun } from "../control-plane.ts";
import type { UnsignedRun } from "./spool.ts";

/** A run with the signature of its point's key. */
export function signRun(run: UnsignedRun, key: SigningKey): SpoolRun {
  return { ...run, key: key.jwk, signature: signBytes(key, spoolSignedBytes(run)).toString("base64url") };
}
