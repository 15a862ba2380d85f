import {
  EFFECTS,
  ENTRY_KINDS,
  FAULTS,
  type Json,
  type JsonObject,
  REFUSALS,
  STEPS,
  isId,
  isJsonObject,
} from "@countersign/core";
import type { EntryDraft, SpoolFrame } from "../control-plane.ts";

type Test = (value: Json) => boolean;

const text: Test = (value) => typeof value === "string" && value.isWellFormed();
const texts: Test = (value) => Array.isArray(value) && value.every((item) => text(item as Json));
const maybe =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
const one =
  (words: readonly string[]): Test =>
  (value) =>
    typeof value === "string" && words.includes(value);
const id =
  (prefix: Parameters<typeof isId>[0]): Test =>
  (value) =>
    isId(prefix, value);
const count: Test = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const any: Test = () => true;

/** An object with exactly these members; those whose name ends in `?` may be absent. */
function object(members: Readonly<Record<string, Test>>): Test {
  const tests = new Map(Object.entries(members).map(([name, test]) => [name.replace("?", ""), test]));
  const needed = Object.keys(members).filter((name) => !name.endsWith("?"));
  return (value) => {
    if (!isJsonObject(value) || !needed.every((name) => name in value)) return false;
    return Object.entries(value).every(([name, member]) => tests.get(name)?.(member) === true);
  };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const CODES = [...Object.keys(REFUSALS), ...Object.keys(FAULTS)];
const STATUSES = ["ok", "error", "unknown", "unobserved", "withheld", "rolled_back"];

const isDraft = object({
  id: id("ent"),
  time: (value) => typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value)),
  kind: one(ENTRY_KINDS),
  chain: object({
    human: maybe(id("hum")),
    device: maybe(id("dev")),
    agent: maybe(id("agt")),
    task: maybe(id("tsk")),
  }),
  agentProof: maybe(one(["declared", "attested"])),
  action: maybe(text),
  resource: maybe(text),
  "resources?": texts,
  effect: maybe(one(EFFECTS)),
  argsCommitment: maybe(text),
  argsShown: maybe(object({ value: any, hidden: texts })),
  decision: maybe(
    object({
      result: one(["permit", "deny", "hold"]),
      step: maybe(one(STEPS)),
      code: maybe(one(CODES)),
      policyIds: texts,
      policySetHash: text,
    }),
  ),
  posture: any,
  risk: maybe((value) => typeof value === "number"),
  "approval?": id("apr"),
  "intent?": id("int"),
  "outcome?": object({ status: one(STATUSES), resultCommitment: maybe(text), bytes: count }),
  "cause?": any,
});

/**
 * The draft of an entry, read from outside: exactly the members of an `EntryDraft`, nothing besides, so that whoever has the ledger's entry
 * has the draft, byte for byte. Null when it is anything else.
 */
export function readDraft(value: Json): EntryDraft | null {
  return isDraft(value) ? (value as unknown as EntryDraft) : null;
}

/** What a frame holds, and no more. */
export function readDrafts(value: Json | undefined): readonly [EntryDraft, ...EntryDraft[]] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const drafts = value.map((item) => readDraft(item as Json));
  return drafts.includes(null) ? null : (drafts as unknown as readonly [EntryDraft, ...EntryDraft[]]);
}

const SALT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const isDisclosure = object({
  entry: id("ent"),
  salt: (value) => typeof value === "string" && SALT.test(value),
  arguments: any,
});

/** Salt and arguments as they travel; that they fit the entry's commitment is the reader's to test. */
export function isDisclosureForm(value: Json): value is JsonObject {
  return isDisclosure(value);
}

/** Most nested arrays and objects of a frame as text: arguments may be 64 deep (design 5.1), and stand a few levels further in. */
export const FRAME_DEPTH = 80;
const MOST_ENTRIES = 64;
const FREE_DEPTH = FRAME_DEPTH - 8;

/** Whether a frame can be read again where it was written: its drafts have their form and nothing in it is too deep. */
export function isFrameForm({ entries, disclosure }: SpoolFrame): boolean {
  if (entries.length > MOST_ENTRIES || readDrafts(entries as unknown as Json) === null) return false;
  if (disclosure !== undefined && !isDisclosure(disclosure as unknown as Json)) return false;
  const free = entries.flatMap(({ argsShown, posture, cause }) => [argsShown?.value ?? null, posture, cause ?? null]);
  return [...free, disclosure?.arguments ?? null].every((value) => isWithin(value, FREE_DEPTH));
}

function isWithin(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isWithin(member, depth - 1));
}
