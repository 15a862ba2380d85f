import type { LastAction as Last } from "@countersign/api";
import type { ReactElement } from "react";
import { DecisionBadge } from "./decision-badge.tsx";
import { ShownText } from "./shown-text.tsx";
import { When } from "./when.tsx";

/** The newest thing that an agent or a task did or tried. */
export function LastAction({ last }: { readonly last: Last | null }): ReactElement {
  if (last === null) return <span className="soft">nothing yet</span>;
  return (
    <span className="last-action">
      <DecisionBadge result={last.result} />
      <span className="two-lines">
        <span className="cut mono">
          <ShownText text={last.action} />
        </span>
        <When at={last.time} />
      </span>
    </span>
  );
}
