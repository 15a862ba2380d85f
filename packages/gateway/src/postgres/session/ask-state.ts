import { SESSION_STATE } from "../catalogue/index.ts";
import { writeQuery } from "../wire/index.ts";
import type { ServerSide } from "./server-side.ts";
import type { SessionState } from "./session-state.ts";

/** Asks the server what names mean in this session. What cannot be asked or understood stays stale, and then everything is unknown. */
export async function askState(server: ServerSide, state: SessionState): Promise<void> {
  const events = await server.ask(writeQuery(SESSION_STATE), ["query"]);
  const row = events?.find((event) => event.type === "rows");
  const columns = row?.type === "rows" ? columnsOf(row.bytes) : null;
  const path = columns?.[0] === undefined || columns[0] === null ? null : namesOf(columns[0]);
  if (path !== null) state.learned(path, columns?.[1] ?? null);
}

/** The columns of one row; null where it is none. */
function columnsOf(bytes: Buffer): readonly (string | null)[] | null {
  if (bytes.length < 7) return null;
  const columns: (string | null)[] = [];
  let at = 7;
  for (let left = bytes.readUInt16BE(5); left > 0; left -= 1) {
    if (at + 4 > bytes.length) return null;
    const sizeBytes = bytes.readInt32BE(at);
    at += 4;
    if (at + Math.max(0, sizeBytes) > bytes.length) return null;
    columns.push(sizeBytes < 0 ? null : bytes.toString("utf8", at, at + sizeBytes));
    at += Math.max(0, sizeBytes);
  }
  return columns;
}

function namesOf(text: string): readonly string[] | null {
  const parsed: unknown = JSON.parse(text);
  return Array.isArray(parsed) && parsed.every((name) => typeof name === "string") ? parsed : null;
}
