import type { EntryId } from "@countersign/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, CircleHelp, CircleX, Clock3, Download, LoaderCircle } from "lucide-react";
import { type ReactElement, useEffect } from "react";
import { announce } from "../../data/announce.ts";
import { forgetCheckpoint } from "../../data/seen-checkpoint.ts";
import { saveFile } from "../../data/save-file.ts";
import { CopyCommand } from "../../parts/copy-id.tsx";
import { PanelPart } from "../../parts/side-panel.tsx";
import { proofKey, verdictOf } from "./proof-query.ts";
import type { Check, CheckName, GivenEntry } from "./verify-entry.ts";

const HEADLINES = {
  verified: { words: "Verified in your browser", icon: CircleCheck },
  failed: { words: "This does not verify", icon: CircleX },
  waiting: { words: "Waits for the next checkpoint", icon: Clock3 },
  unable: { words: "Could not be verified", icon: CircleHelp },
} as const;

const CHECKS: Readonly<Record<CheckName, string>> = {
  entry: "The entry was hashed here",
  signature: "The checkpoint is signed by the log",
  inclusion: "The entry is in the log",
  consistency: "The log has only grown",
};
const FAILED: Readonly<Record<CheckName, string>> = {
  entry: "The control plane gave another entry",
  signature: "The checkpoint is not signed by the log",
  inclusion: "The entry is not in the log",
  consistency: "The log was rewritten",
};

/** What this browser found out by itself: nothing that the control plane says is believed. Red only when a check failed. */
export function ProofPart({ entry }: { readonly entry: GivenEntry }): ReactElement {
  const { data } = useQuery(verdictOf(entry));
  const words = data === undefined ? "Verifying…" : HEADLINES[data.state].words;
  useEffect(() => announce(words, data?.state === "failed" ? "assertive" : "polite"), [words, data?.state]);
  const Icon = data === undefined ? LoaderCircle : HEADLINES[data.state].icon;
  return (
    <section className="proof" data-verdict={data?.state ?? "running"} aria-label="Proof">
      <p className="proof-headline">
        <Icon className={data === undefined ? "icon spin" : "icon"} aria-hidden />
        {words}
      </p>
      {data !== undefined && (
        <ol className="proof-checks">
          {data.checks.map((check) => (
            <CheckLine key={check.name} check={check} />
          ))}
        </ol>
      )}
      {data?.state === "failed" && <Failed id={entry.id} />}
    </section>
  );
}

const ICONS = { good: CircleCheck, bad: CircleX, open: CircleDashed } as const;

function CheckLine({ check: { name, state, detail } }: { readonly check: Check }): ReactElement {
  const Icon = ICONS[state];
  return (
    <li data-state={state}>
      <Icon className="icon" aria-hidden />
      <span>
        {state === "bad" ? FAILED[name] : CHECKS[name]}
        {state === "open" && <span className="unseen"> (not checked)</span>}
        {detail !== "" && <span className="proof-detail">{detail}</span>}
      </span>
    </li>
  );
}

function Failed({ id }: { readonly id: EntryId }): ReactElement {
  const client = useQueryClient();
  const forget = async (): Promise<void> => {
    forgetCheckpoint(localStorage);
    await client.resetQueries({ queryKey: proofKey(id) });
  };
  return (
    <>
      <p>
        Entry, log and this browser’s memory do not fit together: somebody changed one of them. Keep what you see, and
        compare with an export or another browser.
      </p>
      <button type="button" className="button tight" onClick={() => void forget()}>
        Forget what this browser remembers of the log
      </button>
    </>
  );
}

/** The proof as a file of its own: a stranger checks it without any control plane. */
export function ProofFile({ entry }: { readonly entry: GivenEntry }): ReactElement | null {
  const proof = useQuery(verdictOf(entry)).data?.proof ?? null;
  if (proof === null) return null;
  const { id } = entry;
  const file = `${id}.tlog-proof`;
  const command = `countersign ledger verify --proof ${file}`;
  return (
    <PanelPart title="Give it away">
      <p className="small soft">
        One file with the entry, its proof and the signed checkpoint; checked offline by anybody.
      </p>
      <button type="button" className="button tight file-save" onClick={() => saveFile(file, proof, "text/plain")}>
        <Download className="icon" aria-hidden />
        Download the proof
      </button>
      <CopyCommand command={command} />
    </PanelPart>
  );
}
