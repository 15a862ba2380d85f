import type { Json } from "@countersign/core";
import { z } from "zod";
import type { Kernel } from "../kernel.ts";

const TOPIC = "activity";
/** As long as what is counted is shown: what a server that ended had counted stays in the sum. */
const LIFE_MS = 60 * 60_000;

const count = z.number().int().nonnegative();
const posted: z.ZodType<Counts> = z.strictObject({
  minutes: z.array(z.tuple([count, count, count, count])).max(200),
  tasks: z.array(z.tuple([z.string().max(64), z.array(z.tuple([count, count])).max(20)])).max(2000),
});

/** What one server has counted: permits, denials and holds by minute, and acts of tasks by slice of the last minute. */
export interface Counts {
  readonly minutes: readonly (readonly [minute: number, permit: number, deny: number, hold: number])[];
  readonly tasks: readonly (readonly [task: string, slices: readonly (readonly [slice: number, count: number])[]])[];
}

/** What the servers of an installation have counted each, told on the board. Figures for people: nothing is decided by them. */
export class SharedCounts {
  private readonly kernel: Pick<Kernel, "store" | "random">;
  /** Of this run of this server: what a former one counted is another's. */
  private readonly key: string;

  constructor(kernel: Pick<Kernel, "store" | "random">) {
    this.kernel = kernel;
    this.key = Buffer.from(kernel.random(9)).toString("base64url");
  }

  async tell(counts: Counts): Promise<void> {
    const value = counts as unknown as Json;
    await this.kernel.store.board.post(TOPIC, [{ key: this.key, value }], LIFE_MS);
  }

  /** What all others have counted; what is none of theirs is left out. */
  async others(): Promise<readonly Counts[]> {
    const said = await this.kernel.store.board.read(TOPIC);
    return said.flatMap(({ key, value }) => {
      const read = key === this.key ? null : posted.safeParse(value);
      return read?.success === true ? [read.data] : [];
    });
  }
}
