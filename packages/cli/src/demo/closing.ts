/** What was opened and has to be closed again, the last first, even what was still on its way when the end came. */
export class Closing {
  readonly #closers: (() => Promise<void>)[] = [];

  /** Waits for something to open and remembers how it is closed. */
  async opening<T>(opened: Promise<T>, close: (it: T) => Promise<void>): Promise<T> {
    this.#closers.push(async () => {
      await close(await opened);
    });
    return await opened;
  }

  /** Remembers something to be done at the end. */
  finally(close: () => Promise<void> | void): void {
    this.#closers.push(async () => {
      await close();
    });
  }

  /** Closes everything; what fails there keeps nothing else open. */
  async close(): Promise<void> {
    for (const one of this.#closers.splice(0).toReversed()) await one().catch(() => undefined);
  }
}
