import { hostname, release } from "node:os";
import { join } from "node:path";
import { type Clock, type DeviceId, isId, isJsonObject, newId, type Random } from "@countersign/core";
import { DEVICE_KEY_FILE, hostName, loadOrCreateKey, openMachine, readPosture } from "@countersign/device";
import type { Environment } from "../environment.ts";
import { readPrivateJson, writePrivateJson } from "./private-file.ts";
import type { ThisDevice } from "./sign-in.ts";

interface DeviceContext {
  readonly env: Environment;
  readonly now: Clock;
  readonly random: Random;
}

/** This machine as a device: its key (made at first use, kept on the user's side), its id, its posture as read from the system. */
export function thisDevice({ env, now, random }: DeviceContext): ThisDevice {
  const key = loadOrCreateKey(join(env.configDir, DEVICE_KEY_FILE));
  const machine = openMachine({
    platform: env.platform,
    release: release(),
    uid: process.getuid?.() ?? null,
    home: env.home,
  });
  return {
    id: deviceId(key.jkt, { env, now, random }),
    name: hostName(hostname()),
    key,
    posture: async () => await readPosture(machine, now()),
  };
}

/** The id that this device has chosen for itself; a new key is another device. */
function deviceId(jkt: string, { env, now, random }: DeviceContext): DeviceId {
  const file = join(env.configDir, "device.json");
  const stored = readPrivateJson(file);
  if (stored !== null && isJsonObject(stored) && stored["jkt"] === jkt && isId("dev", stored["id"]))
    return stored["id"];
  const id = newId("dev", now(), random);
  writePrivateJson(file, { id, jkt });
  return id;
}
