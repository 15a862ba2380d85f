import { SESSION_STATE } from "../catalogue/index.ts";
import type { Texts } from "../preview/index.ts";
import type { SessionState } from "./session-state.ts";

/** Asks the server what names mean in this session. What cannot be asked or understood stays stale, and then everything is unknown. */
export async function askState(texts: Texts, state: SessionState): Promise<void> {
  const [row] = (await texts.text(SESSION_STATE)).rows;
  const path: unknown = JSON.parse(row?.[0] ?? "null");
  if (Array.isArray(path) && path.every((name) => typeof name === "string")) state.learned(path, row?.[1] ?? null);
}
