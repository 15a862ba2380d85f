import { SYNC, writeCopyFail } from "../wire/index.ts";
import type { ServerSide } from "./server-side.ts";

interface GivenUp {
  readonly was: "running" | "copying" | "open";
  /** Resolves when the server has said the last word on what was asked of it. */
  readonly stepOver: Promise<void>;
  /** No Sync has ended its transaction. */
  readonly isInBatch: () => boolean;
  readonly hasFailed: () => boolean;
  /** What was completed of it. */
  readonly tags: readonly string[];
}

/** After one of these the end of the transaction takes nothing back. */
const FINAL = /^(COMMIT|PREPARE TRANSACTION|CALL|DO)/;

/**
 * Cancels what runs, rolls back what is open, and tells what the server confirmed: `rolled_back`, or that it had ended before. Whoever waits
 * has a clock of its own.
 */
export async function giveUp(server: ServerSide, given: GivenUp): Promise<"rolled_back" | "ok" | "error"> {
  const { was, stepOver, hasFailed, tags } = given;
  const { connection } = server;
  connection.resume();
  if (was === "copying") connection.write(writeCopyFail("stopped"));
  const told = was === "running" ? connection.cancel() : Promise.resolve();
  await Promise.all([stepOver, told]);
  // In a batch nothing is decided before its Sync: it fails, unless it has.
  const isInBatch = given.isInBatch();
  if (isInBatch && !hasFailed()) await server.failTransaction("batch");
  if (isInBatch) await server.ask(SYNC, ["sync"]);
  const wasOpen = isInBatch || server.status !== "I";
  const isBack = await server.rollBack();
  if (!isBack) throw new Error("the rollback was not confirmed");
  if (tags.some((tag) => FINAL.test(tag))) return hasFailed() ? "error" : "ok";
  return wasOpen || hasFailed() ? "rolled_back" : "ok";
}
