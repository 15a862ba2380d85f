import type { Act } from "@countersign/api";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { DecisionBadge } from "../../parts/decision-badge.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { When } from "../../parts/when.tsx";

/** The same acts as the chain shows, one a line, newest first. */
export function ActList({ acts }: { readonly acts: readonly Act[] }): ReactElement {
  return (
    <div className="card list-card">
      <table className="table still" aria-label="Actions">
        <thead>
          <tr>
            <th scope="col">Action</th>
            <th scope="col" data-narrow>
              Decision
            </th>
            <th scope="col" data-wide>
              Behind it
            </th>
            <th scope="col" data-narrow>
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {acts.map((act) => (
            <ActRow key={act.id} act={act} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ActRow({ act }: { readonly act: Act }): ReactElement {
  return (
    <tr>
      <td>
        <Link className="two-lines act-link" to="/ledger" search={{ id: act.id }}>
          <span className="mono">
            <ShownText text={act.action ?? ""} />
          </span>
          <span className="mono">{act.resource !== null && <ShownText text={act.resource} />}</span>
        </Link>
      </td>
      <td data-narrow>
        <span className="two-lines">
          <DecisionBadge result={act.decision?.result ?? "permit"} outcome={act.outcome} />
          <span className="mono">{act.decision?.code}</span>
        </span>
      </td>
      <td data-wide>
        <span className="two-lines">
          <span>{[act.names.human, act.names.device].filter(Boolean).join(" · ") || "nobody"}</span>
          <span className="cut">{act.names.task ?? "no task"}</span>
        </span>
      </td>
      <td data-narrow>
        <When at={act.time} />
      </td>
    </tr>
  );
}
