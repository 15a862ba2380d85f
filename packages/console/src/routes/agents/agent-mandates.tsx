import type { MandateView } from "@countersign/api";
import { useMutation, useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, CircleX } from "lucide-react";
import { type ReactElement, useState } from "react";
import { post } from "../../data/control-plane.ts";
import { mandates } from "../../data/queries.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Grants } from "../../parts/grants.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { Skeletons } from "../../parts/skeletons.tsx";
import { StateBadge, type StateBadgeProps } from "../../parts/state-badge.tsx";
import { When } from "../../parts/when.tsx";

const STATES: Readonly<Record<MandateView["status"], StateBadgeProps>> = {
  active: { tone: "good", word: "in force", icon: CircleCheck },
  expired: { tone: "quiet", word: "expired", icon: CircleDashed },
  revoked: { tone: "bad", word: "revoked", icon: CircleX },
};

/** What this agent may do while nobody is signed in; each signed once, and revoked without a signature. */
export function AgentMandates({ agentId, name }: { readonly agentId: string; readonly name: string }): ReactElement {
  const { data, error, refetch } = useQuery(mandates);
  if (error !== null) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeletons label="mandates" rows={3} />;
  const mine = data.filter(({ agent }) => agent.id === agentId);
  if (mine.length === 0) {
    const command = `countersign mandate create --agent ${name} --purpose TEXT --trigger TEXT --expires 30d`;
    return (
      <div className="card">
        <EmptyState
          why={{
            kind: "nothing-yet",
            title: "It works only while a person is signed in",
            text: "A mandate lets it open tasks unattended: so many a day, until a day, for one purpose.",
            next: [{ text: "Propose one; your passkey signs it", command }],
          }}
        />
      </div>
    );
  }
  return (
    <ul className="mandates">
      {mine.map((mandate) => (
        <li key={mandate.id} className="card block-padded">
          <Mandate mandate={mandate} />
        </li>
      ))}
    </ul>
  );
}

function Mandate({ mandate }: { readonly mandate: MandateView }): ReactElement {
  const { purpose, trigger, device, tasksPerDay, openedToday, expiresAt, status, grants } = mandate;
  const [asking, setAsking] = useState(false);
  return (
    <>
      <header className="mandate-head">
        <h2>{purpose === null ? "purpose erased" : <ShownText text={purpose} />}</h2>
        <StateBadge {...STATES[status]} />
        {status === "active" && (
          <button type="button" className="button tight" onClick={() => setAsking(true)}>
            Revoke
          </button>
        )}
      </header>
      <Facts
        rows={[
          ["Started by", trigger === null ? null : <ShownText key="t" text={trigger} />],
          ["Machine", device.name ?? device.id],
          ["Tasks today", `${openedToday} of ${tasksPerDay}`],
          ["Ends", <When key="w" at={expiresAt} />],
          ["May do", <Grants key="g" grants={grants} />],
        ]}
      />
      {asking && <Revoke mandate={mandate} onClose={() => setAsking(false)} />}
    </>
  );
}

interface RevokeProps {
  readonly mandate: MandateView;
  readonly onClose: () => void;
}

function Revoke({ mandate: { id, agent }, onClose }: RevokeProps): ReactElement {
  const revoke = useMutation({ mutationFn: async () => await post(`/v1/mandates/${id}/revoke`), onSuccess: onClose });
  return (
    <ConfirmDialog title="Revoke this mandate" act="Revoke the mandate" mutation={revoke} onClose={onClose}>
      Ends every task that it opened, at once; <b>{agent.name}</b> opens no other one while nobody is signed in. A new
      mandate has to be signed.
    </ConfirmDialog>
  );
}
