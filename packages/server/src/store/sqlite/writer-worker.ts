import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "@countersign/core";
import { openForWriting, prepareDirectory } from "./database.ts";
import { fileGuard } from "./file-guard.ts";
import { lockDirectory, type DirectoryLock } from "./lock.ts";
import type { Opened, WorkerStart, WriteRequest } from "./messages.ts";
import { readMeta, writeMeta } from "./meta.ts";
import { Writer } from "./writer.ts";
import type { DatabaseSync } from "node:sqlite";

const port = parentPort;
if (port === null) throw new Error("not a worker");
const start = workerData as WorkerStart;
let lock: DirectoryLock | null = null;
try {
  prepareDirectory(start.path);
  lock = lockDirectory(start.path, start.pid);
  serve(openForWriting(start.path), lock);
} catch (error) {
  lock?.release();
  const failure =
    error instanceof AppError
      ? { code: error.code, detail: error.message }
      : ({ code: "data.damaged", detail: `the database cannot be opened: ${String(error)}` } as const);
  port.postMessage({ ok: false, failure } satisfies Opened);
}

function serve(db: DatabaseSync, held: DirectoryLock): void {
  const generation = nextGeneration(db);
  const writer = new Writer(db, fileGuard(start.path));
  port?.on("message", (request: WriteRequest) => {
    switch (request.op) {
      case "commit":
        port.postMessage(writer.commit(request.commits));
        writer.tidy();
        return;
      case "erase":
        port.postMessage(writer.erase(request.name));
        return;
      case "replace":
        port.postMessage(writer.replace(request.blobs));
        return;
      case "checkpoint":
        port.postMessage(writer.replaceCheckpoint(request.expected, request.next));
        return;
      case "close":
        db.close();
        held.release();
        port.close();
        return;
      default:
        request satisfies never;
    }
  });
  port?.postMessage({ ok: true, value: { generation, size: writer.size } } satisfies Opened);
}

function nextGeneration(db: DatabaseSync): number {
  const last = readMeta(db, "generation");
  const generation = last === null ? 1 : (JSON.parse(last) as { generation: number }).generation + 1;
  writeMeta(db, "generation", JSON.stringify({ generation, startedAt: new Date(start.now).toISOString() }));
  return generation;
}
