import type { AnyRecord, Kind } from "@countersign/core";
import { endingOf } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import type { Pushed, Untold } from "../points/index.ts";
import { type Word, keyOf, sealed, topicOf } from "./acknowledgement.ts";

/** How long an acknowledgement stays on the board: longer than any lease is waited for. */
const KEPT_MS = 10 * 60_000;
/** Acknowledgements that come within this time are written together. */
const TOGETHER_MS = 2;

/** Changes besides those that end something by themselves whose confirmation by every point is waited for. */
const ALSO: ReadonlySet<Kind> = new Set<Kind>(["policy", "upstream", "settings", "mandate"]);

/** What became of a commit at the points of one server. */
export interface Told {
  readonly pushed: readonly Pushed[];
  /** They hold nothing of it, so that nothing of it can be under way there. */
  readonly untold: readonly Untold[];
}

/**
 * Posts what the points of this server answer to a push, so that whichever server waits for it, or is asked how far a stop is, learns of it.
 * For commits of this server and of others alike; only changes whose confirmation somebody may wait for are posted.
 * Never rejects: an acknowledgement that is lost is replaced by the end of a lease.
 */
export async function postAcknowledgements(
  kernel: Pick<Kernel, "store" | "keys" | "log">,
  records: readonly AnyRecord[],
  { pushed, untold }: Told,
): Promise<void> {
  const awaited = records.filter((record) => ALSO.has(record.kind) || endingOf(record) !== null);
  const versions = [...new Set(awaited.map(({ version }) => version))];
  if (versions.length === 0) return;
  const version = Math.max(...versions);
  const { generation } = kernel.store;
  let words: Word[] = untold.map(({ point, joins }) => ({ point: point.id, joins, generation, version, inFlight: [] }));
  let writing: Promise<void> | null = null;
  const write = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, TOGETHER_MS));
    const these = words;
    words = [];
    writing = null;
    await Promise.all(versions.map(async (one) => await postFor(kernel, one, these)));
  };
  const hear = async (answer: Promise<Word> | null): Promise<void> => {
    try {
      const word = await answer;
      if (word !== null) words.push(word);
      if (words.length > 0) await (writing ??= write());
    } catch (error) {
      kernel.log.warn({ err: error }, "an acknowledgement was not posted");
    }
  };
  await Promise.all([hear(null), ...pushed.map(async ({ answer }) => await hear(answer))]);
}

async function postFor(kernel: Pick<Kernel, "store" | "keys">, version: number, words: readonly Word[]): Promise<void> {
  const topic = topicOf(version);
  const items = words
    .filter((word) => word.version >= version)
    .map((word) => ({ key: keyOf(word), value: sealed(kernel, topic, word) }));
  if (items.length > 0) await kernel.store.board.post(topic, items, KEPT_MS);
}
