import { type Json, type PointId, canonicalJson } from "@countersign/core";
import { z } from "zod";
import type { Kernel } from "../kernel.ts";
import type { Answer } from "../points/index.ts";

/** One point's word that it has applied a version, as it stands on the board. */
export type Word = Pick<Answer, "point" | "joins" | "generation" | "version" | "inFlight">;

const MOST_ACTIONS = 100_000;
const posted = z.strictObject({
  joins: z.number().int().nonnegative(),
  generation: z.number().int().nonnegative(),
  version: z.number().int().nonnegative(),
  inFlight: z
    .array(
      z.strictObject({
        intent: z.templateLiteral(["int_", z.string().max(22)]),
        disposition: z.enum(["not_sent", "rolled_back", "withheld", "unknown"]),
      }),
    )
    .max(MOST_ACTIONS),
  mac: z.string().max(64),
});

/** Where the acknowledgements of a commit are posted. */
export const topicOf = (version: number): string => `ack/${String(version)}`;
/** Under what: two servers may each have a link to one point. */
export const keyOf = ({ point, joins }: Pick<Word, "point" | "joins">): string => `${point}/${String(joins)}`;

/** Whoever can write the database can write the board: only what bears the mark of this installation's keys is an acknowledgement. */
export function sealed({ keys }: Pick<Kernel, "keys">, topic: string, word: Word): Json {
  const { joins, generation, version, inFlight } = word;
  const shown = inFlight.map(({ intent, disposition }) => ({ intent, disposition }));
  return { joins, generation, version, inFlight: shown, mac: keys.mac(CONTEXT, bound(topic, word)) };
}

/** The word behind a value of the board; null for what none of our servers posted there for that point. */
export function unsealed({ keys }: Pick<Kernel, "keys">, topic: string, { key, value }: Posted): Word | null {
  const read = posted.safeParse(value);
  if (!read.success) return null;
  const { mac, ...said } = read.data;
  const word: Word = { point: key.split("/", 1)[0] as PointId, ...said };
  return keys.isMac(CONTEXT, bound(topic, word), mac) ? word : null;
}

interface Posted {
  readonly key: string;
  readonly value: Json;
}

const CONTEXT = "countersign-ack-v1";

function bound(topic: string, { point, joins, generation, version, inFlight }: Word): string {
  const shown = inFlight.map(({ intent, disposition }) => ({ intent, disposition }));
  return canonicalJson({ topic, point, joins, generation, version, inFlight: shown });
}
