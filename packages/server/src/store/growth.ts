/** The size of a journal, and those who wait for it to grow. */
export class Growth {
  size: number;
  private waiting: { readonly size: number; readonly resolve: () => void }[] = [];
  private ended = false;

  constructor(size: number) {
    this.size = size;
  }

  to(size: number): void {
    if (size <= this.size) return;
    this.size = size;
    if (this.waiting.length === 0) return;
    const due = this.waiting.filter((waiting) => waiting.size < size);
    this.waiting = this.waiting.filter((waiting) => waiting.size >= size);
    for (const { resolve } of due) resolve();
  }

  beyond(size: number): Promise<void> {
    if (this.ended || this.size > size) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ size, resolve }));
  }

  end(): void {
    this.ended = true;
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }
}
