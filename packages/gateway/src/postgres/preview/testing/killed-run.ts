import { appendFileSync, closeSync, fsyncSync, openSync } from "node:fs";
import type { Preview } from "@countersign/core";
import { type OwnSession, openSession } from "../connection.ts";
import { previewStatement } from "../preview.ts";
import { runApproved } from "../run-approved.ts";

/** A process that looks at a statement, runs it as approved, and is killed at one point. Arguments: address as JSON, statement, ledger, point. */
const [, , place = "", text = "", ledger = "", killAt = ""] = process.argv;
const address = JSON.parse(place) as Parameters<typeof openSession>[0];
const SESSION = { searchPath: ["public"], settings: {} };

function at(point: string): void {
  if (point === killAt) process.kill(process.pid, "SIGKILL");
}
function record(line: string): void {
  const file = openSync(ledger, "a");
  appendFileSync(file, `${line}\n`);
  fsyncSync(file);
  closeSync(file);
}

/** Passes texts on, and is killed before or after one of them. */
function watched(session: OwnSession, side: string): OwnSession {
  return {
    ...session,
    text: async (sql) => {
      const name = `${side} ${sql.split(/\s/, 1)[0] ?? ""}`;
      at(`before ${name}`);
      const answering = session.text(sql);
      if (`sent ${name}` === killAt) {
        // Gone from here: what the server does with it is the server's.
        await new Promise((resolve) => setTimeout(resolve, 20));
        at(`sent ${name}`);
      }
      const rows = await answering;
      at(`after ${name}`);
      return rows;
    },
    statement: async (statement) => {
      at(`before ${side} statement`);
      await session.statement(statement);
      at(`after ${side} statement`);
    },
  };
}

const open = (side: string) => async (): Promise<OwnSession> => watched(await openSession(address), side);
const look = async (): Promise<Preview> =>
  await previewStatement({
    statement: { text, parameters: [] },
    session: SESSION,
    open: open("preview"),
    signal: new AbortController().signal,
    now: () => performance.now(),
  });

const signed = await look();
record("intent");
const inside = await open("inside")();
const ended = await runApproved({
  inside,
  open: open("outside"),
  session: SESSION,
  run: async () => {
    await inside.statement({ text, parameters: [] });
    return { ok: true, value: "done" };
  },
  signed,
  ceiling: () => null,
  anew: look,
  note: async (cause) => {
    at("before note");
    record(`pending ${(cause as { transaction: string }).transaction}`);
    at("after note");
    return await Promise.resolve(true);
  },
  permitted: () => true,
});
at("before outcome");
record(`outcome ${ended.end}`);
inside.close();
