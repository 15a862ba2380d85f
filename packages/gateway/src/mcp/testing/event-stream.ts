export interface StreamEvent {
  readonly id: string | null;
  readonly message: any;
}

/** The events of a stream that is still open, one at a time. */
export class EventStream {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(response: Response) {
    if (response.body === null) throw new Error(`no body: ${String(response.status)}`);
    this.response = response;
    this.#reader = response.body.getReader();
  }

  /** The next event that has a message; null at the end of the stream. */
  async next(): Promise<StreamEvent | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const event = read(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 2);
        if (event !== null) return event;
        continue;
      }
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#text += Buffer.from(value).toString("utf8");
    }
  }

  /** Breaks the connection off, as a network does. */
  async cut(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }
}

function read(frame: string): StreamEvent | null {
  const lines = frame.split("\n");
  const field = (name: string): string | null =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
  const data = field("data");
  return data === null ? null : { id: field("id"), message: JSON.parse(data) };
}
