import { resolve } from "node:path";
import { AppError, isId, isJsonObject, type Json, type MandateId } from "@countersign/core";
import { exportPrivateJwk, importSigningKey, type SigningKey } from "@countersign/credentials";
import type { Surroundings } from "../cli.ts";
import { parseServer } from "../client/places.ts";
import { readPrivateJson, writePrivateJson } from "../client/private-file.ts";
import type { ThisDevice } from "../client/sign-in.ts";

/** Who works while nobody is signed in: a mandate, and the device that it names. */
export interface Workload {
  readonly mandate: MandateId;
  /** Address of the control plane; null: the one that this machine uses. */
  readonly server: string | null;
  readonly device: () => Promise<ThisDevice>;
}

interface Kept {
  readonly mandate: MandateId;
  readonly server: string;
  readonly device: ThisDevice["id"];
  readonly name: string;
  readonly key: SigningKey;
}

/**
 * Takes what `--mandate` was given: an id (the workload is this machine, with its own key), or a workload file (a machine of its own:
 * everything that a CI job needs, in one secret).
 * @throws AppError `config.invalid` when it is neither
 */
export function workloadOf(text: string, cli: Surroundings): Workload {
  const here = async (): Promise<ThisDevice> => (await import("../client/this-device.ts")).thisDevice(cli);
  if (isId("mdt", text)) return { mandate: text, server: null, device: here };
  const { mandate, server, device: id, name, key } = readWorkloadFile(resolve(cli.env.cwd, text));
  return { mandate, server, device: async () => ({ id, name, key, posture: (await here()).posture }) };
}

/** Keeps a workload for another machine: 0600, and whoever can read it can open the mandate's tasks. */
export function writeWorkloadFile(file: string, { mandate, server, device, name, key }: Kept): void {
  const jwk = { ...exportPrivateJwk(key) } as unknown as Json;
  writePrivateJson(file, { version: 1, server, mandate, device, name, key: jwk });
}

function readWorkloadFile(file: string): Kept {
  const value = readPrivateJson(file);
  if (value === null)
    throw new AppError("config.invalid", { detail: `\`${file}\` is neither a mandate id (mdt_…) nor a workload file` });
  const { version, server, mandate, device, name, key } = isJsonObject(value) ? value : {};
  const address = typeof server === "string" ? parseServer(server) : null;
  const whole = version === 1 && address !== null && isId("mdt", mandate) && isId("dev", device);
  if (!whole || typeof name !== "string")
    throw new AppError("config.invalid", {
      detail: `\`${file}\` is no workload file; make one with \`mandate create\``,
    });
  return { mandate, server: address, device, name, key: importSigningKey(key) };
}
