import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, type Clock, type Random } from "@countersign/core";
import type { PostgresPlace, TaskLink } from "../mcp/task-link.ts";
import type { LocalPostgres } from "./command-environment.ts";
import { dialGateway } from "./dial-gateway.ts";
import { openRelay } from "./relay.ts";
import { refused } from "./watch-task.ts";

/** Unix sockets have short names: 104 bytes on some systems. */
const PATH_BYTES = 100;
const PORT = 5432;
const PASSWORD_BYTES = 24;

export interface LocalPostgresOptions {
  readonly link: TaskLink;
  readonly place: PostgresPlace;
  /** Who is named as the user: the gateway asks for no other name than the certificate. */
  readonly user: string;
  /** Null: the one that the task's grants speak of, if they speak of one. */
  readonly database: string | null;
  /** A port of loopback in the place of a Unix socket. */
  readonly isTcp: boolean;
  readonly now: Clock;
  readonly random: Random;
  readonly failed: (error: AppError) => void;
}

/** The guarded PostgreSQL on this machine, for as long as a command runs: a relay with a password of its own. */
export async function openLocalPostgres(
  options: LocalPostgresOptions,
): Promise<{ readonly local: LocalPostgres; close(): Promise<void> }> {
  const { place, user, isTcp, random, failed } = options;
  const password = Buffer.from(random(PASSWORD_BYTES)).toString("base64url");
  const folder = isTcp ? null : await socketFolder();
  const remove = async (): Promise<void> => {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  };
  try {
    const listen =
      folder === null ? { host: "127.0.0.1", port: 0 } : { path: join(folder, `.s.PGSQL.${String(PORT)}`) };
    const relay = await openRelay({ listen, password, open: async () => await dialled(options), failed });
    const where = folder === null ? { host: "127.0.0.1", port: relay.port } : { host: folder, port: PORT };
    const [only, ...others] = place.databases;
    const database = options.database ?? (others.length === 0 ? (only ?? null) : null);
    return {
      local: { ...where, user, password, database },
      async close() {
        await relay.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** With the certificate that the task has at this moment. @throws AppError */
async function dialled({ link, now }: LocalPostgresOptions): ReturnType<typeof dialGateway> {
  const live = await link.live(false);
  if (!live.ok) throw refused(live.refusal);
  const { tls, postgres, key } = live.task;
  if (tls === null || postgres === null)
    throw new AppError("server.unreachable", { detail: "no gateway that holds a lease guards a PostgreSQL now" });
  const pem = key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  return await dialGateway({ ...postgres, ...tls, key: pem, now });
}

/** Of this user alone (0700), and gone with the command. */
async function socketFolder(): Promise<string> {
  const here = tmpdir();
  const root = Buffer.byteLength(here) + 40 > PATH_BYTES ? "/tmp" : here;
  return await mkdtemp(join(root, "countersign-"));
}
