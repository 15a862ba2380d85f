import type { Hint } from "@countersign/api";
import type { Person } from "../support/person.ts";

/** Reads `GET /v1/events` as a browser does: hints in their order, the last id, and when the stream ends. */
export class EventReader {
  readonly hints: Hint[] = [];
  lastId = "";
  readonly ended: Promise<void>;
  private readonly stopping: AbortController;
  private readonly waiting = new Set<() => void>();

  private constructor(response: Response, stopping: AbortController) {
    this.stopping = stopping;
    this.ended = this.read(response);
  }

  /** Resolves when the stream has said from where on it tells everything. */
  static async open(person: Person, lastEventId?: string): Promise<EventReader> {
    const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    const response = await person.fetch("/v1/events", { headers });
    if (response.headers.get("content-type") !== "text/event-stream") throw new Error(await response.text());
    const reader = new EventReader(response, new AbortController());
    await reader.until(() => reader.lastId !== "");
    return reader;
  }

  async until(seen: (hints: readonly Hint[]) => boolean): Promise<void> {
    while (!seen(this.hints)) {
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  close(): void {
    this.stopping.abort();
  }

  private async read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    this.stopping.signal.addEventListener("abort", () => void reader?.cancel().catch(() => undefined));
    let text = "";
    try {
      for (;;) {
        const part = await reader?.read();
        if (part === undefined || part.done) return;
        text += decoder.decode(part.value as Uint8Array, { stream: true });
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) this.take(event);
      }
    } catch {
      // A connection that was cut is an end as well.
    }
  }

  private take(event: string): void {
    for (const line of event.split("\n")) {
      if (line.startsWith("id: ")) this.lastId = line.slice(4);
      if (line.startsWith("data: ")) this.hints.push(JSON.parse(line.slice(6)) as Hint);
    }
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
