import { newId } from "@countersign/core";
import { generateSigningKey } from "@countersign/credentials";
import { saveSession, type StoredSession } from "../client/session-file.ts";
import { NOW, type TestCli } from "./test-cli.ts";

/** Signs somebody in on the machine of a test, as far as its own files say. */
export function signedIn(server: string, { surroundings }: TestCli, seconds = 3600): StoredSession {
  const { env, random } = surroundings;
  const session = {
    id: newId("ses", NOW, random),
    key: generateSigningKey(),
    human: { id: newId("hum", NOW, random), name: "Alice" },
    device: { id: newId("dev", NOW, random), name: "laptop" },
    expiresAt: new Date(NOW + seconds * 1000).toISOString(),
  };
  saveSession(server, session, env);
  return session;
}
