import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "@countersign/core";
import { audit } from "./audit.ts";
import { openForReading } from "./database.ts";
import { faultOf, isSqliteError } from "./fault.ts";
import type { Reply, ReadOp, WorkerStart } from "./messages.ts";
import type { Failure } from "../packed.ts";
import { reader } from "./reader.ts";

const port = parentPort;
if (port === null) throw new Error("not a worker");
const db = openForReading((workerData as WorkerStart).path);
const answers = { ...reader(db), audit: () => audit(db) } as Record<string, (ask: unknown) => unknown>;

port.on("message", ({ op, ask }: { readonly op: ReadOp | "close"; readonly ask: unknown }) => {
  if (op === "close") {
    db.close();
    port.close();
    return;
  }
  port.postMessage(answer(op, ask));
});

function answer(op: string, ask: unknown): Reply<unknown> {
  try {
    return { ok: true, value: answers[op]?.(ask) };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof AppError) return { code: error.code, detail: error.message };
  if (!isSqliteError(error)) return { code: "internal.error", detail: "the store could not read" };
  const { code, detail } = faultOf(error);
  return { code, detail };
}
