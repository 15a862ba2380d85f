import type { Named } from "@countersign/api";
import { type LedgerEntry, severalOf } from "@countersign/core";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Chain } from "../../parts/chain.tsx";
import { CopyId } from "../../parts/copy-id.tsx";
import { DecisionBadge, OUTCOMES } from "../../parts/decision-badge.tsx";
import { EffectBadge } from "../../parts/effect-badge.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Resources } from "../../parts/resources.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { PanelPart } from "../../parts/side-panel.tsx";
import { absolute } from "../../parts/when.tsx";
import { answeredBy, byWhom, entryWords } from "./entry-words.ts";

interface KnownEntry {
  readonly entry: LedgerEntry;
  readonly names: Readonly<Record<string, string>>;
  /** A person's words about it; null: none, or erased. */
  readonly reason: string | null;
}

/** Who, what, when: ids stand in the entry, names are those of today. */
export function EntryFacts(facts: KnownEntry): ReactElement {
  const { entry, names } = facts;
  const { chain } = entry;
  const known = (id: string | null): Named | null =>
    id === null ? null : { id, name: names[id] ?? "no name any more" };
  return (
    <>
      <PanelPart title="What happened">
        <What {...facts} />
      </PanelPart>
      {chain.task !== null && (
        <PanelPart title="Who stands behind it">
          <Chain
            human={known(chain.human)}
            device={known(chain.device)}
            agent={known(chain.agent)}
            task={known(chain.task)}
          />
        </PanelPart>
      )}
    </>
  );
}

function What({ entry, names, reason }: KnownEntry): ReactElement {
  const { decision, outcome, effect, chain } = entry;
  const { about } = entryWords(entry, names);
  const by = answeredBy(entry, names) ?? (chain.task === null ? byWhom(entry, names) : null);
  return (
    <Facts
      rows={[
        ["When", absolute(entry.time)],
        ["By", by === null ? null : <ShownText key="b" text={by} />],
        ["Action", entry.action === null ? null : <Written key="a" text={entry.action} />],
        ["About", about === null ? null : <Resources key="r" {...severalOf(entry)} resource={about} />],
        [
          entry.kind === "brake" ? "Reason of the stop" : "Reason",
          reason === null ? null : <ShownText key="w" text={reason} />,
        ],
        ["Effect", effect === null ? null : <EffectBadge key="e" effect={effect} />],
        ["Decision", decision === null ? null : <Decided key="d" decision={decision} />],
        ["Outcome", outcome === undefined ? null : outcomeWords(outcome)],
        ["Recorded by", names[entry.point] ?? <CopyId key="p" id={entry.point} />],
        ["Entry", <CopyId key="i" id={entry.id} />],
      ]}
    />
  );
}

function Written({ text }: { readonly text: string }): ReactElement {
  return (
    <span className="mono">
      <ShownText text={text} />
    </span>
  );
}

function Decided({ decision }: { readonly decision: NonNullable<LedgerEntry["decision"]> }): ReactElement {
  const why = [decision.code, ...decision.policyIds].filter((part) => part !== null);
  return (
    <span className="badge-line">
      <DecisionBadge result={decision.result} />
      <span className="mono small soft">{why.join(" · ")}</span>
    </span>
  );
}

function outcomeWords({ status, bytes }: NonNullable<LedgerEntry["outcome"]>): string {
  return `${OUTCOMES[status] ?? "done"}, ${bytes.toLocaleString()} bytes answered`;
}

/** The other entries that tell the rest of it. */
export function EntryLinks({
  entry: { intent, approval, chain },
}: {
  readonly entry: LedgerEntry;
}): ReactElement | null {
  const searches = [
    ["Intent and outcome of this call", intent],
    ["Everything of this approval", approval],
    ["Everything of this task", chain.task],
  ] as const;
  const known = searches.filter(([, id]) => id !== undefined && id !== null);
  if (known.length === 0) return null;
  return (
    <PanelPart title="The rest of it">
      <ul className="links">
        {known.map(([words, id]) => (
          <li key={words}>
            <Link to="/ledger" search={{ q: id ?? "" }}>
              {words}
            </Link>
          </li>
        ))}
        {approval !== undefined && (
          <li>
            <Link to="/approvals" search={{ id: approval, state: "all" }}>
              What was signed
            </Link>
          </li>
        )}
      </ul>
    </PanelPart>
  );
}
