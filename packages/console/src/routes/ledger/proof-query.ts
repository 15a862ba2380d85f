import { queryOptions } from "@tanstack/react-query";
import { knowsEd25519, verifyEd25519 } from "../../data/ed25519.ts";
import { readLogFile } from "../../data/ledger-files.ts";
import { remember, seenCheckpoint } from "../../data/seen-checkpoint.ts";
import { type GivenEntry, verifyEntry } from "./verify-entry.ts";

const NEXT_CHECKPOINT_MS = 700;

export const proofKey = (id: string): readonly string[] => ["proof", id];

/** Verified once; anew only while the next checkpoint is waited for: a proof that held does not stop to hold. */
export const verdictOf = (entry: GivenEntry) =>
  queryOptions({
    queryKey: proofKey(entry.id),
    queryFn: async () => {
      const seen = seenCheckpoint(localStorage);
      const verify = (await knowsEd25519()) ? verifyEd25519 : null;
      const verdict = await verifyEntry(entry, { read: readLogFile, verify, seen, now: Date.now });
      if (verdict.next !== null) remember(localStorage, verdict.next);
      return verdict;
    },
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data?.state === "waiting" ? NEXT_CHECKPOINT_MS : false),
  });
