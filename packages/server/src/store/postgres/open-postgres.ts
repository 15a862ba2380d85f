import { AppError } from "@countersign/core";
import { Growth } from "../growth.ts";
import type { LedgerStore } from "../journal.ts";
import { parseAddress } from "./address.ts";
import { PostgresBoard } from "./board.ts";
import { exclusively } from "./exclusive.ts";
import { errorFrom } from "./fault.ts";
import { ForeignCommits } from "./foreign-commits.ts";
import { Heartbeat } from "./heartbeat.ts";
import { isOlder, migrate, schemaState } from "./migrate.ts";
import { Notices } from "./notices.ts";
import { PostgresStore } from "./postgres-store.ts";
import { Primary } from "./primary.ts";
import { Reads } from "./reads.ts";
import { Writer } from "./writer.ts";

const LIMITS = { answerMs: 10_000, statementMs: 9000 };

/**
 * Opens the database of an installation beside other processes, and brings it to the present schema. Throws `config.invalid` (the URL, or a
 * server that loses what it acknowledges), `ledger.unavailable`, `data.damaged`.
 */
export async function openPostgresStore(url: string): Promise<LedgerStore> {
  const primary = new Primary(parseAddress(url));
  try {
    const begun = await begin(primary);
    return storeOver(primary, begun);
  } catch (error) {
    primary.close();
    throw errorFrom(error);
  }
}

interface Begun {
  readonly process: string;
  readonly version: number;
  readonly size: number;
}

async function begin(primary: Primary): Promise<Begun> {
  const session = await primary.open(LIMITS);
  try {
    if (isOlder(await schemaState(session))) await exclusively(primary, migrate);
    const [begun] = await session.rows<Begun>("SELECT gen_random_uuid()::text AS process, version, size FROM head");
    if (begun === undefined)
      throw new AppError("data.damaged", { detail: "the database has no `head`; restore it from a copy" });
    return begun;
  } finally {
    await session.close();
  }
}

function storeOver(primary: Primary, { process, version, size }: Begun): LedgerStore {
  const growth = new Growth(size);
  const reads = new Reads(primary);
  const notices = new Notices(primary, process);
  const foreign = new ForeignCommits(notices, growth, version);
  const writer = new Writer(primary, foreign);
  const heartbeat = new Heartbeat(primary, process);
  const board = new PostgresBoard(reads, notices);
  foreign.begin(reads);
  notices.begin();
  return new PostgresStore({ primary, growth, reads, writer, heartbeat, notices, foreign, board });
}
