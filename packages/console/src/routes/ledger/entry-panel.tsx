import type { EntryView } from "@countersign/api";
import { type EntryId, type LedgerEntry, canonicalJson, parseJson } from "@countersign/core";
import { LIMITS, decodeBase64 } from "@countersign/ledger";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useMemo } from "react";
import { ledgerEntry } from "../../data/queries.ts";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownContent, ShownText } from "../../parts/shown-text.tsx";
import { PanelPart, SidePanel } from "../../parts/side-panel.tsx";
import { EntryFacts, EntryLinks } from "./entry-facts.tsx";
import { entryWords } from "./entry-words.ts";
import { ProofFile, ProofPart } from "./proof-part.tsx";
import type { GivenEntry } from "./verify-entry.ts";

/** One entry, read from the very bytes whose hash is verified. */
export function EntryPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const { data, error, refetch } = useQuery(ledgerEntry(id));
  const read = useMemo(() => (data === undefined ? null : readEntry(id, data)), [id, data]);
  const entry = read?.entry ?? null;
  const words = read === null || entry === null ? null : entryWords(entry, read.names);
  return (
    <SidePanel
      kind={read === null ? "Entry" : `Entry ${String(read.given.index)}`}
      title={words === null ? "Entry" : <ShownText text={words.title} />}
      onClose={onClose}
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {read !== null && <ProofPart entry={read.given} />}
      {read !== null && entry !== null && <Content {...read} entry={entry} />}
    </SidePanel>
  );
}

interface ReadEntry {
  readonly given: GivenEntry;
  /** Null: the bytes are no entry. */
  readonly entry: LedgerEntry | null;
  readonly names: Readonly<Record<string, string>>;
  readonly reason: string | null;
}

function readEntry(id: string, { index, leaf, names, reason }: EntryView): ReadEntry {
  const bytes = decodeBase64(leaf) ?? new Uint8Array();
  const parsed = parseJson(bytes, { sizeBytes: LIMITS.entryBytes, depth: 64 });
  const isEntry = parsed.ok && typeof parsed.value === "object" && parsed.value !== null && "chain" in parsed.value;
  const entry = isEntry ? (parsed.value as unknown as LedgerEntry) : null;
  return { given: { id: id as EntryId, index, leaf: bytes }, entry, names, reason };
}

type ContentProps = ReadEntry & { readonly entry: LedgerEntry };

function Content({ entry, given, names, reason }: ContentProps): ReactElement {
  const { argsShown } = entry;
  return (
    <>
      <EntryFacts entry={entry} names={names} reason={reason} />
      {argsShown !== null && (
        <PanelPart title="Arguments">
          <ShownContent content={canonicalJson(argsShown.value)} />
          {argsShown.hidden.length > 0 && (
            <p className="small soft">
              Shortened or left out at <span className="mono">{argsShown.hidden.join(", ")}</span>; the entry holds a
              commitment to all of it.
            </p>
          )}
        </PanelPart>
      )}
      <EntryLinks entry={entry} />
      <ProofFile entry={given} />
      <details className="raw">
        <summary>The entry as it was hashed</summary>
        <ShownContent content={canonicalJson(entry)} />
      </details>
    </>
  );
}
