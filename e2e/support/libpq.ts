import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskClient, Workstation } from "./workstation.ts";

/** Where a gateway speaks PostgreSQL, and the API that gives certificates. */
export interface PostgresAddress {
  readonly api: string;
  /** `host:port` */
  readonly postgres: string;
  readonly database: string;
}

/** The environment with which any client of libpq works as a task: its certificate and key lie in files of the folder. */
export async function libpqEnvironment(
  folder: string,
  { laptop, task }: { readonly laptop: Workstation; readonly task: TaskClient },
  { api, postgres, database }: PostgresAddress,
): Promise<Record<string, string>> {
  const answer = await laptop.fetch(`/v1/tasks/${task.id}/token`, { keyProof: task.proof(api) });
  const { svid, trustBundle } = (await answer.json()) as { readonly svid: string; readonly trustBundle: string };
  const at = (name: string): string => join(folder, `${task.id}-${name}`);
  await writeFile(at("ca.pem"), trustBundle);
  await writeFile(at("task.pem"), svid);
  const key = task.key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  await writeFile(at("task.key"), key, { mode: 0o600 });
  const [host = "", port = ""] = postgres.split(":");
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    PGHOST: host,
    PGPORT: port,
    PGDATABASE: database,
    PGUSER: "me",
    PGSSLMODE: "verify-ca",
    PGSSLROOTCERT: at("ca.pem"),
    PGSSLCERT: at("task.pem"),
    PGSSLKEY: at("task.key"),
  };
}
