import type { ConnectionUser } from "./upstream/connections.ts";

export const UPDATED = "notifications/resources/updated";
/** The member of a filter of `subscriptions/listen` that asks for a change (MCP 2026-07-28). */
export const LISTENED: Readonly<Record<string, string>> = {
  "notifications/tools/list_changed": "toolsListChanged",
  "notifications/prompts/list_changed": "promptsListChanged",
  "notifications/resources/list_changed": "resourcesListChanged",
};

type Hear = (method: string, uri: string | null) => void;

/** Who wants to hear when an upstream says that something of it changed. */
export class Changes {
  readonly #heard = new Map<string, Set<Hear>>();

  /** Calls `hear` for each change until the function that comes back is called. */
  on(user: ConnectionUser, hear: Hear): () => void {
    const key = keyOf(user);
    const all = this.#heard.get(key) ?? new Set();
    this.#heard.set(key, all);
    all.add(hear);
    return () => {
      all.delete(hear);
      if (all.size === 0 && this.#heard.get(key) === all) this.#heard.delete(key);
    };
  }

  tell(user: ConnectionUser, method: string, uri: string | null): void {
    for (const hear of this.#heard.get(keyOf(user)) ?? []) hear(method, uri);
  }
}

function keyOf({ task, upstream, offer }: ConnectionUser): string {
  return `${task}\n${upstream}\n${offer.key}`;
}
