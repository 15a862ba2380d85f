import type { ApprovalView } from "@countersign/api";
import { useQuery } from "@tanstack/react-query";
import { Fingerprint, X } from "lucide-react";
import type { ReactElement } from "react";
import { approval } from "../../data/queries.ts";
import { Chain } from "../../parts/chain.tsx";
import { CopyId } from "../../parts/copy-id.tsx";
import { EffectBadge } from "../../parts/effect-badge.tsx";
import { Facts } from "../../parts/facts.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { Resources } from "../../parts/resources.tsx";
import { ShownContent, ShownText } from "../../parts/shown-text.tsx";
import { PanelPart, SidePanel } from "../../parts/side-panel.tsx";
import { APPROVAL_STATES, StateBadge } from "../../parts/state-badge.tsx";
import { Countdown, When } from "../../parts/when.tsx";
import { useKey } from "../../shell/keys.ts";
import { Standing } from "./standing.tsx";
import { withdrawnWords } from "./withdrawn-words.ts";

/** Everything that the signature will cover. The signing page is the only place where it is given. */
export function ApprovalPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const { data, error, refetch } = useQuery(approval(id));
  const waits = data?.state === "pending";
  useKey("a", waits ? () => location.assign(`/approve/${id}`) : null);
  useKey("d", waits ? () => location.assign(`/approve/${id}#reason`) : null);
  return (
    <SidePanel
      kind={data?.display.subject === "change" ? "Change that waits for a signature" : "Approval"}
      title={data === undefined ? "Approval" : <ShownText text={data.display.sentence} />}
      onClose={onClose}
      acts={waits ? <Answers id={id} /> : undefined}
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data !== undefined && <Details approval={data} />}
    </SidePanel>
  );
}

function Answers({ id }: { readonly id: string }): ReactElement {
  return (
    <>
      <a className="button primary" href={`/approve/${id}`}>
        <Fingerprint className="icon" aria-hidden />
        Review and sign
        <kbd>a</kbd>
      </a>
      <a className="button" href={`/approve/${id}#reason`}>
        <X className="icon" aria-hidden />
        Deny
        <kbd>d</kbd>
      </a>
    </>
  );
}

function Details({ approval }: { readonly approval: ApprovalView }): ReactElement {
  const { id, display, expiresAt } = approval;
  return (
    <>
      <State approval={approval} />
      {display.holds.length > 0 && (
        <PanelPart title="Why it is held">
          <ul className="reasons">
            {display.holds.map(({ policyId, reason }) => (
              <li key={policyId}>
                <ShownText text={reason} />
                <span className="mono soft small">{policyId}</span>
              </li>
            ))}
          </ul>
        </PanelPart>
      )}
      <Standing approval={approval} />
      <PanelPart title={display.subject === "call" ? "Exact arguments" : "Exact change"}>
        <ShownContent content={display.content} />
      </PanelPart>
      {display.subject === "call" && (
        <PanelPart title="Who stands behind it">
          <Chain {...display} />
        </PanelPart>
      )}
      <PanelPart title="Details">
        <Facts
          rows={[
            ["Action", <ShownText key="a" text={display.action} />],
            ["Resource", <Resources key="r" {...display} />],
            ["Ends", <When key="w" at={expiresAt} />],
            ["Approval", <CopyId key="i" id={id} />],
          ]}
        />
      </PanelPart>
    </>
  );
}

function State({ approval }: { readonly approval: ApprovalView }): ReactElement {
  const { state, display, expiresAt, cause } = approval;
  const words = withdrawnWords(approval) ?? (state === "denied" && cause !== null ? `“${cause}”` : null);
  return (
    <PanelPart title="State">
      <p className="badge-line">
        <StateBadge {...APPROVAL_STATES[state]} />
        <EffectBadge effect={display.effect} />
        {state === "pending" && (
          <span className="soft">
            <Countdown until={expiresAt} /> left
          </span>
        )}
      </p>
      {words !== null && (
        <p>
          <ShownText text={words} />
        </p>
      )}
    </PanelPart>
  );
}
