import { AppError } from "@countersign/core";

/** Lets so many be at work at a time; a bounded number of others waits in line. */
export class Places {
  private free: number;
  private readonly line: (() => void)[] = [];
  private readonly mostWaiting: number;

  constructor(places: number, mostWaiting: number) {
    this.free = places;
    this.mostWaiting = mostWaiting;
  }

  /** @throws AppError `request.too_many` when the line is full */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await this.wait();
    try {
      return await work();
    } finally {
      const next = this.line.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }

  private async wait(): Promise<void> {
    if (this.line.length >= this.mostWaiting) throw new AppError("request.too_many");
    await new Promise<void>((resolve) => this.line.push(resolve));
  }
}
