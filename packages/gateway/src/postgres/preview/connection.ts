import { Client, type QueryArrayResult } from "pg";
import type { Rows, Texts } from "./texts.ts";

/** A statement as the client sent it. */
export interface Statement {
  readonly text: string;
  /** Text, or bytes for what was sent in binary form; null: NULL. */
  readonly parameters: readonly (string | Buffer | null)[];
  /** Types that the client declared, 0 for those left open. */
  readonly parameterTypes?: readonly number[];
}

/** A session of the gateway's own, as the role of the task. */
export interface OwnSession extends Texts {
  /** Runs a statement of the client; what it answers is dropped. */
  statement(statement: Statement): Promise<void>;
  /** Ends it at once; the server rolls back. */
  close(): void;
}

export interface SessionAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** As node:tls takes it; false: none. */
  readonly tls: false | object;
}

const CONNECT_MS = 3000;
const AS_TEXT = { getTypeParser: () => (value: string) => value };

/** Logs in. @throws what the server refused, or that it cannot be reached */
export async function openSession({ tls, ...address }: SessionAddress): Promise<OwnSession> {
  const client = new Client({ ...address, ssl: tls, connectionTimeoutMillis: CONNECT_MS });
  // What is lost is told by the query that finds it lost.
  client.on("error", () => undefined);
  await client.connect();
  return {
    async text(sql) {
      const result = await client.query({ text: sql, rowMode: "array", types: AS_TEXT });
      return rowsOf(result);
    },
    async statement({ text, parameters, parameterTypes = [] }) {
      if (parameters.length === 0) {
        await client.query({ text, rowMode: "array", types: AS_TEXT });
        return;
      }
      const types = Object.assign([...parameterTypes], AS_TEXT);
      await client.query({ text, values: [...parameters], rowMode: "array", types });
    },
    close() {
      client.end().catch(() => undefined);
      // The good-bye waits behind what runs; the end of the socket does not.
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    },
  };
}

function rowsOf({ rows, command, rowCount }: QueryArrayResult): Rows {
  return { rows: rows as (string | null)[][], tag: rowCount === null ? command : `${command} ${String(rowCount)}` };
}
